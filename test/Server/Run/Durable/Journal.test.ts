import { assert, describe, it } from "@effect/vitest"
import { beforeFailure, Journal, type Operation, type Started } from "../../../../src/Server/Run/Durable/Journal.js"
import type { JournalEntry } from "../../../../src/Store/RunStore.js"

const step = (name: string, input: string, more: Partial<Operation> = {}): Operation => ({
  parent: 0,
  kind: "step",
  name,
  digest: input,
  isSequential: true,
  ...more
})

/** Runs operations in a new journal, and returns their entries, which ended with a value. */
const recorded = (operations: ReadonlyArray<Operation>): ReadonlyArray<JournalEntry> => {
  const journal = new Journal("run", [])
  return operations.map((operation) => ({ ...entryOf(journal.start(operation)), result: "value" as const }))
}

const entryOf = (started: Started): JournalEntry => {
  if (started._tag === "Diverged") throw started.error
  return started.entry
}

/** The outcomes of operations: the ordinal of the entry, and whether it ended before. */
const replayed = (entries: ReadonlyArray<JournalEntry>, operations: ReadonlyArray<Operation>) => {
  const journal = new Journal("run", entries)
  const outcomes = operations.map((operation) => {
    const started = journal.start(operation)
    return started._tag === "Diverged" ? started.error.differs : `${started._tag} ${started.entry.ordinal}`
  })
  return { outcomes, atEnd: journal.atEnd()?.differs }
}

const parallel = { isSequential: false }

describe("Journal", () => {
  it("numbers the calls of a name within their step", () => {
    const entries = recorded([step("a", "1"), step("b", "1"), step("a", "2"), step("a", "1", { parent: 2 })])
    assert.deepStrictEqual(
      entries.map(({ name, number, ordinal }) => [ordinal, name, number]),
      [
        [1, "a", 1],
        [2, "b", 1],
        [3, "a", 2],
        [4, "a", 1]
      ]
    )
  })

  it("gives the calls of the program their records in order, and executes those that follow", () => {
    const entries = recorded([step("a", "1"), step("b", "1")])
    assert.deepStrictEqual(replayed(entries, [step("a", "1"), step("b", "1"), step("a", "2")]), {
      outcomes: ["Ended 1", "Ended 2", "Executes 3"],
      atEnd: undefined
    })
  })

  it("executes a call again that has no result", () => {
    const entries = recorded([step("a", "1"), step("b", "1")]).map(({ result, ...entry }) =>
      entry.name === "b" ? entry : { ...entry, result }
    )
    assert.deepStrictEqual(replayed(entries, [step("a", "1"), step("b", "1")]).outcomes, ["Ended 1", "Executes 2"])
  })

  it("finds another step, another input and a missing step, and nothing goes on afterwards", () => {
    const entries = recorded([step("a", "1"), step("b", "1")])
    assert.deepStrictEqual(replayed(entries, [step("b", "1"), step("a", "1")]), {
      outcomes: ["operation", "operation"],
      atEnd: "operation"
    })
    assert.deepStrictEqual(replayed(entries, [step("a", "2")]), { outcomes: ["input"], atEnd: "input" })
    assert.deepStrictEqual(replayed(entries, [step("a", "1")]), { outcomes: ["Ended 1"], atEnd: "end" })
  })

  it("matches calls of parallel branches in any order, by name and input", () => {
    const entries = recorded([step("a", "1", parallel), step("a", "2", parallel), step("a", "2", parallel)])
    const { atEnd, outcomes } = replayed(
      entries,
      ["2", "3", "1", "2", "2"].map((input) => step("a", input, parallel))
    )
    assert.deepStrictEqual(outcomes, ["Ended 2", "Executes 4", "Ended 1", "Ended 3", "Executes 5"])
    assert.isUndefined(atEnd)
  })

  it("keeps the operations inside a step apart", () => {
    const entries = recorded([step("outer", "1"), step("inner", "1", { parent: 1 }), step("inner", "2")])
    assert.deepStrictEqual(replayed(entries, [step("outer", "1"), step("inner", "2")]), {
      outcomes: ["Ended 1", "Ended 3"],
      atEnd: undefined
    })
  })

  it("a retry takes the results before the first failure, and those of parallel branches", () => {
    const entries = recorded([
      step("a", "1"),
      step("p", "1", parallel),
      step("b", "1"),
      step("c", "1"),
      step("inner", "1", { parent: 1 })
    ])
    const failed = entries.map((entry) => (entry.name === "b" ? { ...entry, result: "failure" as const } : entry))
    assert.deepStrictEqual(
      beforeFailure(failed).map(({ name }) => name),
      ["a", "p"]
    )
  })
})
