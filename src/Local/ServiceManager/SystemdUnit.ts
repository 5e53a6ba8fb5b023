/** The text of a systemd unit. Pure. */
import type { Program } from "./Program.js"

/** The manager of the whole machine, or that of one user. */
export type Scope = "system" | "user"

/**
 * The unit that runs a supervisor.
 *
 * Services are in the control group of the supervisor that started them, so `KillMode=process` keeps them when it stops, and
 * `OOMPolicy=continue` when the kernel ends one of them. Every sandbox option would hold for the services, too, and takes
 * from pipelines what they may need (browsers with a setuid helper, devices, folders), so the unit has none.
 */
export const unitText = (program: Program, scope: Scope): string => {
  const [executable, ...args] = program.command
  return [
    "[Unit]",
    `Description=Supervisor of the deployments in ${specifiers(program.home)}`,
    "Documentation=https://www.npmjs.com/package/effect-deployers",
    `RequiresMountsFor=${quoted(program.home)}`,
    ...(scope === "system" ? ["Wants=network-online.target", "After=network-online.target docker.service"] : []),
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    "Type=exec",
    `ExecStart=${[quoted(executable), ...args.map((argument) => quoted(argument).replaceAll("$", "$$$$"))].join(" ")}`,
    ...Object.entries(program.environment).map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`),
    "WorkingDirectory=/",
    "Restart=on-failure",
    "RestartSec=2",
    "KillMode=process",
    "OOMPolicy=continue",
    "TasksMax=infinity",
    `StandardOutput=append:${specifiers(program.logFile)}`,
    `StandardError=append:${specifiers(program.logFile)}`,
    "",
    "[Install]",
    `WantedBy=${scope === "system" ? "multi-user.target" : "default.target"}`,
    ""
  ].join("\n")
}

// internal

const specifiers = (text: string): string => text.replaceAll("%", "%%")

const quoted = (text: string): string =>
  `"${specifiers(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n").replaceAll("\t", "\\t")}"`
