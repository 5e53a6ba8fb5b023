import { spawn } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import * as ProcessTable from "../../src/Local/ProcessTable.js"
import { type Ended, psReader } from "../../src/Local/PsReader.js"
import { endedOf } from "../../src/Local/Supervisor/Watch.js"

const session = "5E6FFEBE-2F0C-4B1B-9E5B-0A6C2D3F4E51"

/** Rows as `ps` of macOS prints them in the language C. */
const rows = [
  "    1     1 Ss   Sat Nov 28 21:03:11 2026     /sbin/launchd",
  "  412   412 S    Sat Nov 28 21:03:40 2026     /usr/libexec/trustd --agent",
  " 4711  4711 Ss   Sun Nov 29 07:51:02 2026     /opt/homebrew/bin/node main.mjs serve /Users/ada/my app/manifest.json",
  " 4712  4711 S+   Mon Nov  2 07:02:03 2026     (node)",
  " 4713  4713 Z    Sun Nov 29 07:51:02 2026     <defunct>",
  "99999 99999 R    Sun Nov 29 07:51:02 2026"
]

/** A machine with macOS that answers with recorded output, and counts its commands. */
const mac = (answers: { readonly ps?: Partial<Ended>; readonly sysctl?: Partial<Ended> } = {}) => {
  const commands: Array<string> = []
  const reader = psReader((program, args) => {
    commands.push([program, ...args].join(" "))
    const done = { status: 0, stdout: "", stderr: "" }
    if (program === "sysctl") return { ...done, stdout: `${session}\n`, ...answers.sysctl }
    const asked = args.includes("-p") ? (args[args.indexOf("-p") + 1] ?? "").split(",") : undefined
    const found = rows.filter((row) => asked?.includes(row.trim().split(" ")[0] ?? "") ?? true)
    return { ...done, status: found.length === 0 ? 1 : 0, stdout: `${found.join("\n")}\n`, ...answers.ps }
  }, "darwin")
  return { commands, reader, table: ProcessTable.make(reader) }
}

describe("the reader by ps on macOS", () => {
  it("reads many processes with one command, and leaves out those that are gone", () => {
    const { commands, reader } = mac()
    assert.deepStrictEqual(
      reader.some([4711, 4712, 4713, 5, 99_999]).map(({ dead, group, identity, pid }) => [pid, group, dead, identity]),
      [
        [4711, 4711, false, `${session}/Sun Nov 29 07:51:02 2026`],
        [4712, 4711, false, `${session}/Mon Nov 2 07:02:03 2026`],
        [4713, 4713, true, `${session}/Sun Nov 29 07:51:02 2026`],
        [99_999, 99_999, false, `${session}/Sun Nov 29 07:51:02 2026`]
      ]
    )
    assert.deepStrictEqual(commands, [
      "ps -ww -p 4711,4712,4713,5,99999 -o pid=,pgid=,stat=,lstart=,command=",
      "sysctl -n kern.bootsessionuuid"
    ])
    assert.deepStrictEqual(reader.some([]), [])
    assert.isUndefined(reader.one(5))
    assert.strictEqual(commands.filter((command) => command.startsWith("sysctl")).length, 1)
  })

  it("reads a process whose command line has line breaks", () => {
    const stdout = `${rows[2]}\n  console.log(1)\n 12 monkeys\n${rows[1]}\n`
    const found = mac({ ps: { stdout } }).reader.some([4711, 412])
    assert.deepStrictEqual(
      found.map(({ pid }) => pid),
      [4711, 412]
    )
  })

  it("distinguishes a process from one with the same number and start in another boot", () => {
    const recorded = [4711, 412].map((pid) => ({ pid, identity: mac().reader.one(pid)?.identity ?? "" }))
    assert.deepStrictEqual(endedOf(recorded, mac().reader), [])
    const next = mac({ sysctl: { stdout: "00000000-2F0C-4B1B-9E5B-0A6C2D3F4E51\n" } })
    assert.deepStrictEqual(endedOf(recorded, next.reader), recorded)
    assert.strictEqual(next.commands.filter((command) => command.startsWith("ps")).length, 1)
    const ended = [
      { pid: 5, identity: recorded[0]?.identity ?? "" },
      { pid: 4713, identity: `${session}/x` }
    ]
    assert.deepStrictEqual(endedOf([...recorded, ...ended], mac().reader), ended)
  })

  it.effect("finds a process by the end of its command line, with a space in an argument", () =>
    Effect.gen(function* () {
      const { table } = mac()
      const found = yield* table.find(["serve", "/Users/ada/my app/manifest.json"])
      assert.deepStrictEqual(
        found.map(({ pid }) => pid),
        [4711]
      )
      assert.deepStrictEqual(yield* table.find(["app/manifest.jso"]), [])
      assert.isFalse(yield* table.groupLives({ pid: 4711, identity: `${session}/gone` }))
    })
  )

  it.effect("says that the table cannot be read instead of saying that nothing runs", () =>
    Effect.gen(function* () {
      const broken = [
        mac({ ps: { status: 1, stdout: "", stderr: "ps: time: requires entitlement" } }),
        mac({ ps: { status: null, stdout: "" } }),
        mac({ ps: { stdout: " 4711  4711 Ss   dim. 29 nov. 07:51:02 2026     node\n" } }),
        mac({ sysctl: { status: 1, stdout: "", stderr: "sysctl: unknown oid 'kern.bootsessionuuid'" } })
      ]
      for (const { table } of broken) {
        assert.strictEqual((yield* Effect.flip(table.identify(4711)))._tag, "ProcessTableUnavailable")
      }
      const empty = mac({ ps: { status: 1, stdout: "" } }).table
      assert.deepStrictEqual(yield* empty.identify(4711), Option.none())
      assert.strictEqual((yield* Effect.flip(empty.find(["a"])))._tag, "ProcessTableUnavailable")
    })
  )
})

describe("the reader by the real ps", () => {
  it("reads this process and a child with one identity each, and no others", () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" })
    const pid = child.pid ?? 0
    const reader = psReader()
    const found = reader.some([process.pid, pid, 4_194_303])
    child.kill("SIGKILL")
    assert.sameMembers(
      found.map((row) => row.pid),
      [process.pid, pid]
    )
    assert.isTrue(found.every(({ dead }) => !dead))
    assert.match(reader.one(process.pid)?.identity ?? "", /\/\w{3} \w{3} \d+ [\d:]{8} \d{4}$/)
    assert.isUndefined(reader.one(4_194_303))
    assert.isTrue(reader.all().some((row) => row.pid === process.pid))
  })
})
