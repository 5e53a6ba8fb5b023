/** The line of a crontab that starts a supervisor with the machine. Pure. */
import type { Program } from "./Program.js"

/** The line. `cron` ends a command at a percent sign that is not escaped. */
export const crontabLine = ({ command, environment, logFile }: Program): string => {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${quoted(value)}`)
  const words = [...variables, ...command.map(quoted)]
  return `@reboot ${words.join(" ")} >>${quoted(logFile)} 2>&1`.replaceAll("%", "\\%")
}

// internal

const quoted = (text: string): string => (/^[\w@+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)
