/** The text of a property list of launchd. Pure. */
import type { Program } from "./Program.js"

/**
 * The agent that runs a supervisor. `AbandonProcessGroup` keeps the services when the supervisor stops, and `KeepAlive` starts
 * it again after a failure only.
 */
export const plistText = (program: Program): string =>
  [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    "<dict>",
    ...entry("Label", text(program.name)),
    ...entry("ProgramArguments", "<array>", ...program.command.map((argument) => `  ${text(argument)}`), "</array>"),
    ...entry(
      "EnvironmentVariables",
      "<dict>",
      ...Object.entries(program.environment).flatMap(([name, value]) => [`  ${key(name)}`, `  ${text(value)}`]),
      "</dict>"
    ),
    ...entry("WorkingDirectory", text("/")),
    ...entry("RunAtLoad", "<true/>"),
    ...entry("KeepAlive", "<dict>", `  ${key("SuccessfulExit")}`, "  <false/>", "</dict>"),
    ...entry("AbandonProcessGroup", "<true/>"),
    ...entry("StandardOutPath", text(program.logFile)),
    ...entry("StandardErrorPath", text(program.logFile)),
    "</dict>",
    "</plist>",
    ""
  ].join("\n")

// internal

const entry = (name: string, ...value: ReadonlyArray<string>): ReadonlyArray<string> =>
  [key(name), ...value].map((line) => `  ${line}`)

const key = (name: string): string => `<key>${escaped(name)}</key>`
const text = (value: string): string => `<string>${escaped(value)}</string>`

const escaped = (value: string): string =>
  value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
