import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Lock from "../../../src/Local/Supervisor/Lock.js"
import { machine } from "./fixture.js"

const program = fileURLToPath(new URL("../../../src/Local/Supervisor/main.js", import.meta.url))

const userUnit = (root: string, extra: ReadonlyArray<string> = []) =>
  [
    "[Unit]",
    `Description=Supervisor of the deployments in ${root}/.effect-deployers`,
    "Documentation=https://www.npmjs.com/package/effect-deployers",
    `RequiresMountsFor="${root}/.effect-deployers"`,
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    "Type=exec",
    `ExecStart="/opt/node 20/bin/node" "${program}" "${root}/.effect-deployers" "--resident"`,
    'Environment="PATH=/usr/bin:/bin"',
    ...extra,
    `Environment="DEPLOYERS_HOME=${root}/.effect-deployers"`,
    "WorkingDirectory=/",
    "Restart=on-failure",
    "RestartSec=2",
    "KillMode=process",
    "OOMPolicy=continue",
    "TasksMax=infinity",
    `StandardOutput=append:${root}/.effect-deployers/supervisor.log`,
    `StandardError=append:${root}/.effect-deployers/supervisor.log`,
    "",
    "[Install]",
    "WantedBy=default.target",
    ""
  ].join("\n")

describe("a supervisor under systemd", () => {
  it.scoped("is a unit of the user, started now and with the machine", () =>
    Effect.gen(function* () {
      const { commands, read, root, use } = yield* machine({
        answer: (command) => (command.startsWith("loginctl show-user") ? { output: "no" } : {})
      })
      const file = `${root}/.config/systemd/user/effect-deployers.service`
      assert.deepStrictEqual(yield* use(({ install }) => install), [])
      assert.strictEqual(yield* read(file), userUnit(root))
      assert.deepStrictEqual(commands.splice(0), [
        "systemctl --user daemon-reload",
        "systemctl --user enable effect-deployers.service",
        "systemctl --user restart effect-deployers.service",
        "loginctl show-user ada --property=Linger --value",
        "loginctl enable-linger ada"
      ])
      assert.deepInclude(yield* use(({ status }) => status), {
        manager: "systemd",
        file,
        installed: true,
        active: true,
        current: true,
        lingering: false
      })
      commands.splice(0)
      yield* use(({ uninstall }) => uninstall)
      yield* use(({ uninstall }) => uninstall)
      assert.deepStrictEqual(commands, [
        "systemctl --user disable --now effect-deployers.service",
        "systemctl --user daemon-reload"
      ])
      assert.deepInclude(yield* use(({ status }) => status), { installed: false, active: false, current: false })
    })
  )

  it.scoped("keeps every byte of paths and variables", () =>
    Effect.gen(function* () {
      const { read, root, use } = yield* machine({ variables: { TMPDIR: '/t\\m "p"\n50%$HOME' } })
      yield* use(({ install }) => install)
      assert.strictEqual(
        yield* read(`${root}/.config/systemd/user/effect-deployers.service`),
        userUnit(root, ['Environment="TMPDIR=/t\\\\m \\"p\\"\\n50%%$HOME"'])
      )
    })
  )

  it.scoped("is a unit of the system for root", () =>
    Effect.gen(function* () {
      const { commands, read, root, use } = yield* machine({ uid: 0 })
      yield* use(({ install }) => install)
      const text = yield* read(`${root}/etc/systemd/system/effect-deployers.service`)
      assert.include(text, "\nWants=network-online.target\nAfter=network-online.target docker.service\n")
      assert.include(text, "\nWantedBy=multi-user.target\n")
      assert.deepStrictEqual(commands, [
        "systemctl daemon-reload",
        "systemctl enable effect-deployers.service",
        "systemctl restart effect-deployers.service"
      ])
      assert.notProperty(yield* use(({ status }) => status), "lingering")
    })
  )

  it.scoped("has units that systemd itself accepts, with odd paths and variables, too", () =>
    Effect.gen(function* () {
      for (const uid of [0, 1000]) {
        const { read, root, use } = yield* machine({
          uid,
          node: process.execPath,
          variables: { TMPDIR: '/t\\m "p"\n5%$H' }
        })
        yield* use(({ install }) => install)
        const folder = uid === 0 ? "etc/systemd/system" : ".config/systemd/user"
        const unit = `${root}/${folder}/effect-deployers.service`
        const args = [...(uid === 0 ? [] : ["--user"]), "verify", unit]
        const verified = spawnSync("systemd-analyze", args, {
          encoding: "utf8",
          env: { PATH: process.env["PATH"], XDG_RUNTIME_DIR: root }
        })
        // The unit of a machine without systemd is what the tests above compare.
        if (verified.error === undefined) assert.strictEqual(verified.stderr + verified.stdout, "")
        assert.include(yield* read(unit), `ExecStart="${process.execPath}"`)
      }
    })
  )

  it.scoped("says what keeps it after the last session when the user may not decide that", () =>
    Effect.gen(function* () {
      const { use } = yield* machine({
        answer: (command) => (command.startsWith("loginctl") ? { exitCode: 1, output: "Access denied" } : {})
      })
      const [remark = ""] = yield* use(({ install }) => install)
      assert.include(remark, "`sudo loginctl enable-linger ada`")
    })
  )

  it.scoped("leaves no unit when systemd refuses it, and the former unit when there was one", () =>
    Effect.gen(function* () {
      let refuses = true
      const { fs, read, root, use } = yield* machine({
        answer: (command) =>
          refuses && command.includes("enable ") ? { exitCode: 1, output: "Failed to connect to bus." } : {}
      })
      const file = `${root}/.config/systemd/user/effect-deployers.service`
      const error = yield* Effect.flip(use(({ install }) => install))
      assert.strictEqual(error._tag, "ServiceManagerFailed")
      assert.include(error.message, "Failed to connect to bus (exit code 1). `systemctl status` says more.")
      assert.isFalse(yield* fs.exists(file))
      refuses = false
      yield* use(({ install }) => install)
      yield* fs.writeFileString(file, "former")
      refuses = true
      yield* Effect.flip(use(({ install }) => install))
      assert.strictEqual(yield* read(file), "former")
      assert.deepInclude(yield* use(({ status }) => status), { installed: true, current: false })
    })
  )
})

describe("a supervisor under launchd", () => {
  it.scoped("is an agent of the user that leaves its services alone", () =>
    Effect.gen(function* () {
      const { commands, read, root, use } = yield* machine({
        platform: "darwin",
        uid: 501,
        node: "/opt/R&D/node",
        answer: (command) =>
          command === "launchctl print gui/501/effect-deployers" ? { output: "\tstate = running\n" } : {}
      })
      const [remark = ""] = yield* use(({ install }) => install)
      assert.include(remark, "with the login of this user")
      const file = `${root}/Library/LaunchAgents/effect-deployers.plist`
      assert.deepStrictEqual(commands.splice(0), [
        "launchctl print gui/501",
        "launchctl bootout gui/501/effect-deployers",
        "launchctl enable gui/501/effect-deployers",
        `launchctl bootstrap gui/501 ${file}`
      ])
      const text = yield* read(file)
      assert.include(text, "    <string>/opt/R&amp;D/node</string>\n")
      assert.include(text, "  <key>AbandonProcessGroup</key>\n  <true/>\n")
      assert.include(text, "  <key>KeepAlive</key>\n  <dict>\n    <key>SuccessfulExit</key>\n    <false/>\n  </dict>\n")
      assert.include(text, `    <key>DEPLOYERS_HOME</key>\n    <string>${root}/.effect-deployers</string>\n`)
      assert.deepInclude(yield* use(({ status }) => status), { manager: "launchd", installed: true, active: true })
      yield* use(({ uninstall }) => uninstall)
      assert.deepInclude(yield* use(({ status }) => status), { installed: false })
    })
  )

  it.scoped("is in the domain of the user without a desktop", () =>
    Effect.gen(function* () {
      const { commands, use } = yield* machine({
        platform: "darwin",
        uid: 501,
        answer: (command) => (command === "launchctl print gui/501" ? { exitCode: 125 } : {})
      })
      yield* use(({ install }) => install)
      assert.include(commands[3] ?? "", "launchctl bootstrap user/501 ")
    })
  )
})

describe("a machine without a service manager", () => {
  it.scoped("gets the line of a crontab", () =>
    Effect.gen(function* () {
      const { commands, root, use } = yield* machine({ booted: false, variables: { TMPDIR: "/50% of it's" } })
      const error = yield* Effect.flip(use(({ install }) => install))
      assert.strictEqual(error._tag, "ServiceManagerUnavailable")
      const home = `${root}/.effect-deployers`
      assert.include(
        error.message,
        `\n@reboot PATH=/usr/bin:/bin TMPDIR='/50\\% of it'\\''s' DEPLOYERS_HOME=${home} '/opt/node 20/bin/node' ${program} ${home} --resident >>${home}/supervisor.log 2>&1`
      )
      yield* use(({ uninstall }) => uninstall)
      assert.deepInclude(yield* use(({ status }) => status), { manager: "none", installed: false })
      assert.deepStrictEqual(commands, [])
    })
  )
})

describe("the supervisor that a service manager runs", () => {
  it.scoped("keeps its home, also against a newer program", () =>
    Effect.gen(function* () {
      const { fs, root } = yield* machine()
      const home = `${root}/.effect-deployers`
      yield* fs.makeDirectory(home)
      Lock.take(home, { pid: 7, identity: "boot/1", version: "0.0.1", resident: true })
      const lives = { one: (pid: number) => ({ pid, group: pid, dead: false, identity: "boot/1" }) }
      assert.isTrue(Lock.isHeld(home, "9.0.0", lives))
      assert.isFalse(Lock.isHeld(home, "9.0.0", { one: () => undefined }))
    })
  )
})
