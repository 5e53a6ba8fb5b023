// Names the tests that passed only at their second try, so that none of them stays unnoticed.
import { relative } from "node:path"

export default class FlakyReporter {
  #flaky = []

  onTestCaseResult(test) {
    if (test.diagnostic()?.flaky) this.#flaky.push(`${relative(".", test.module.moduleId)} > ${test.fullName}`)
  }

  onTestRunEnd() {
    if (this.#flaky.length === 0) return
    process.stdout.write(`\nPassed only at the second try:\n${this.#flaky.map((name) => `  ${name}\n`).join("")}`)
  }
}
