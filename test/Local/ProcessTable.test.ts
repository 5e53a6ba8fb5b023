import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import * as ProcessTable from "../../src/Local/ProcessTable.js"

const stat = (options: { pid: number; comm?: string; state?: string; group?: number; ticks?: number }) =>
  [
    `${options.pid} (${options.comm ?? "node"}) ${options.state ?? "S"} 1 ${options.group ?? options.pid}`,
    `${options.group ?? options.pid} 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 11 0 ${options.ticks ?? 500} 1 2 3`
  ].join(" ")

interface FakeProcess {
  readonly pid: number
  readonly group?: number
  readonly state?: string
  readonly ticks?: number
  readonly arguments?: ReadonlyArray<string>
}

const procWith = (processes: ReadonlyArray<FakeProcess>, boot = "boot-1") =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const root = yield* fs.makeTempDirectoryScoped()
    yield* fs.makeDirectory(`${root}/sys/kernel/random`, { recursive: true })
    yield* fs.writeFileString(`${root}/sys/kernel/random/boot_id`, `${boot}\n`)
    for (const process of processes) {
      yield* fs.makeDirectory(`${root}/${process.pid}`)
      yield* fs.writeFileString(`${root}/${process.pid}/stat`, stat(process))
      yield* fs.writeFileString(
        `${root}/${process.pid}/cmdline`,
        (process.arguments ?? ["node"]).map((argument) => `${argument}\0`).join("")
      )
    }
    return { root, table: ProcessTable.make(ProcessTable.procReader(root)) }
  }).pipe(Effect.provide(NodeFileSystem.layer))

describe("parseStat", () => {
  it("counts fields behind the last parenthesis of the name", () => {
    const row = ProcessTable.parseStat(7, stat({ pid: 7, comm: "a) Z 1 (b", group: 5, ticks: 42 }), "boot/")
    assert.deepStrictEqual(row, { pid: 7, group: 5, dead: false, identity: "boot/42" })
  })

  it("takes zombies for dead", () => {
    assert.isTrue(ProcessTable.parseStat(7, stat({ pid: 7, state: "Z" }), "")?.dead)
    assert.isUndefined(ProcessTable.parseStat(7, "garbage", ""))
  })
})

describe("procReader", () => {
  it.scoped("identifies living processes by boot and start time", () =>
    Effect.gen(function* () {
      const { table } = yield* procWith([
        { pid: 4, ticks: 9 },
        { pid: 5, state: "Z" }
      ])
      assert.deepStrictEqual(yield* table.identify(4), Option.some("boot-1/9"))
      assert.deepStrictEqual(yield* table.identify(5), Option.none())
      assert.deepStrictEqual(yield* table.identify(6), Option.none())
    })
  )

  it.scoped("reads several processes at once, and leaves out those that are gone", () =>
    Effect.gen(function* () {
      const { root } = yield* procWith([{ pid: 4 }, { pid: 5, state: "Z" }, { pid: 6 }])
      const rows = ProcessTable.procReader(root).some([5, 4, 99])
      assert.deepStrictEqual(
        rows.map(({ dead, pid }) => [pid, dead]),
        [
          [5, true],
          [4, false]
        ]
      )
    })
  )

  it.scoped("says that the table cannot be read instead of saying that nothing runs", () =>
    Effect.gen(function* () {
      const table = ProcessTable.make(ProcessTable.procReader("/nonexistent"))
      const errors = yield* Effect.all([
        Effect.flip(table.identify(1)),
        Effect.flip(table.find(["a"])),
        Effect.flip(table.groupLives({ pid: 1, identity: "x" }))
      ])
      assert.isTrue(errors.every(({ _tag }) => _tag === "ProcessTableUnavailable"))
    })
  )

  it.scoped("finds processes by the end of their command line, argument by argument", () =>
    Effect.gen(function* () {
      const { table } = yield* procWith([
        { pid: 10, arguments: ["node", "main.mjs", "serve", "/m.json"] },
        { pid: 11, arguments: ["vi", "/m.json"] },
        { pid: 12, arguments: ["node", "serve /m.json"] },
        { pid: 13, arguments: ["node", "serve", "/m.json", "more"] },
        { pid: 14, arguments: ["node", "serve", "/m.json"], state: "Z" }
      ])
      const found = yield* table.find(["serve", "/m.json"])
      assert.deepStrictEqual(found, [{ pid: 10, identity: "boot-1/500" }])
    })
  )

  it.scoped("sees a group that outlives its leader, but not one of another boot or under a reused number", () =>
    Effect.gen(function* () {
      const orphaned = yield* procWith([{ pid: 21, group: 20 }])
      assert.isTrue(yield* orphaned.table.groupLives({ pid: 20, identity: "boot-1/1" }))
      assert.isFalse(yield* orphaned.table.groupLives({ pid: 20, identity: "boot-0/1" }))
      assert.isFalse(yield* orphaned.table.groupLives({ pid: 99, identity: "boot-1/1" }))

      const reused = yield* procWith([
        { pid: 20, ticks: 777 },
        { pid: 21, group: 20 }
      ])
      assert.isFalse(yield* reused.table.groupLives({ pid: 20, identity: "boot-1/1" }))

      const zombieLeader = yield* procWith([
        { pid: 20, ticks: 1, state: "Z" },
        { pid: 21, group: 20 }
      ])
      assert.isTrue(yield* zombieLeader.table.groupLives({ pid: 20, identity: "boot-1/1" }))

      const allDead = yield* procWith([{ pid: 21, group: 20, state: "Z" }])
      assert.isFalse(yield* allDead.table.groupLives({ pid: 20, identity: "boot-1/1" }))
    })
  )
})
