// One line for each row of the corpus, and a last line with the counts.
const sizeOf = (bytes) =>
  bytes < 1_048_576 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1_048_576).toFixed(1)} MiB`

const measured = ({ files, filesBytes, programBytes }) =>
  `program ${sizeOf(programBytes)}${files === 0 ? "" : `, ${files} files with ${sizeOf(filesBytes)}`}`

export default class CorpusReporter {
  #counts = { passed: 0, failed: 0 }

  onTestCaseResult(test) {
    const { errors, state } = test.result()
    if (state === "skipped") return
    this.#counts[state]++
    const { corpus } = test.meta()
    const seconds = `${((test.diagnostic()?.duration ?? 0) / 1000).toFixed(1)} s`
    const figures = [seconds, ...(corpus === undefined ? [] : [measured(corpus)])].join(", ")
    process.stdout.write(`${state === "passed" ? "ok    " : "FAILED"} ${test.fullName}: ${figures}\n`)
    for (const { message } of errors ?? []) process.stdout.write(`${message.replace(/^/gm, "       ")}\n`)
  }

  /** Rows whose project could not be installed do not run; the failure is that of their suite. */
  onTestSuiteResult(suite) {
    this.#failures(suite.fullName, suite.errors())
  }

  onTestModuleEnd(module) {
    this.#failures(module.relativeModuleId, module.errors())
  }

  #failures(name, errors) {
    for (const { message } of errors) {
      this.#counts.failed++
      process.stdout.write(`FAILED ${name}: ${message}\n`)
    }
  }

  onTestRunEnd(_, unhandled) {
    this.#counts.failed += unhandled.length
    for (const { message } of unhandled) process.stdout.write(`FAILED ${message}\n`)
    process.stdout.write(`\n${this.#counts.passed} passed, ${this.#counts.failed} failed\n`)
  }
}
