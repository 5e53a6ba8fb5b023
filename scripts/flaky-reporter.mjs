// Names the tests that passed only at their second try, so that none of them stays unnoticed. They go to the file of
// EFFECT_DEPLOYERS_TEST_FLAKY, a line each, where several runs have one list; else they are printed at the end of the run.
import { appendFileSync } from "node:fs"
import { relative } from "node:path"

export default class FlakyReporter {
  #flaky = []

  onTestCaseResult(test) {
    if (test.diagnostic()?.flaky) this.#flaky.push(`${relative(".", test.module.moduleId)} > ${test.fullName}`)
  }

  onTestRunEnd() {
    if (this.#flaky.length === 0) return
    const lines = this.#flaky.map((name) => `  ${name}\n`).join("")
    const file = process.env.EFFECT_DEPLOYERS_TEST_FLAKY
    if (file) appendFileSync(file, lines)
    else process.stdout.write(`\nPassed only at the second try:\n${lines}`)
  }
}
