// The log of a deployment: its last lines, and new ones while `follow` is checked.

import { $, say } from "../shared/polling.js"
import { ask, pathOf, session } from "./api.js"
import { known } from "./list.js"
import { here, onPlace } from "./route.js"

const tail = 200
const most = 2000
let aborting = new AbortController()

/** The generation whose log is shown. */
const of = { generation: undefined }

/** The messages of a stream of lines of JSON. */
async function* messages(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ""
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const lines = (rest + value).split("\n")
    rest = lines.pop()
    yield lines.filter(Boolean).map((line) => JSON.parse(line))
  }
}

/** An entry of the log of a service: its message and its fields. Other lines stay as they are. */
const entryOf = (text) => {
  try {
    const { fiberId, level, message, spans, timestamp, ...fields } = JSON.parse(text)
    if (timestamp === undefined || level === undefined) return { text }
    const parts = [message].flat().map((part) => (typeof part === "string" ? part : JSON.stringify(part)))
    const rest = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    return { at: timestamp, text: [level.padEnd(5), parts.join(" "), ...rest].join("  ") }
  } catch {
    return { text }
  }
}

const lineOf = (line) => {
  const { at = line.at, text } = entryOf(line.text)
  return `${at === undefined ? "" : `${new Date(at).toLocaleTimeString()}  `}${text}\n`
}

const append = (lines) => {
  const log = $("log")
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 30
  log.append(...lines.map(lineOf))
  while (log.childNodes.length > most) log.firstChild.remove()
  if (isAtEnd) log.scrollTop = log.scrollHeight
}

const failures = {
  DeploymentLogsNotFound: "There is no log.",
  DeploymentNotFound: "There is no log any more."
}

const follow = async (name, isFollowing, signal) => {
  const response = await ask(pathOf(name, `/logs?tail=${tail}&follow=${isFollowing}`), { signal })
  if (!response.ok) return say("logSaid", "The log cannot be read.")
  say("logSaid", "")
  for await (const lines of messages(response.body)) {
    append(lines.flatMap(({ item }) => item ?? []))
    const failure = lines.find(({ _tag }) => _tag === "Failure")?.failure
    if (failure !== undefined)
      return say("logSaid", failures[failure._tag] ?? `The log cannot be read: ${failure._tag}.`)
  }
  if ($("log").childNodes.length === 0) say("logSaid", "The log is empty.")
}

const restart = () => {
  aborting.abort()
  aborting = new AbortController()
  const { signal } = aborting
  $("log").replaceChildren()
  say("logSaid", "")
  if (here.name === undefined || !session.isOpen) return
  follow(here.name, $("follow").checked, signal).catch(() => {
    if (!signal.aborted) say("logSaid", "The log ended, because the connection was lost.")
  })
}

/** Another generation, or a start after a stop, has another log. */
const watch = () => {
  const one = known.deployments?.find(({ name }) => name === here.name)
  const now = one === undefined ? undefined : JSON.stringify([one.id, one.generation, one.desired])
  if (now === of.generation) return
  const isFirst = of.generation === undefined
  of.generation = now
  if (!isFirst && now !== undefined) restart()
}

export const startLog = () => {
  known.listeners.push(watch)
  // The keyboard scrolls it.
  $("log").tabIndex = 0
  $("follow").addEventListener("change", restart)
  onPlace((before) => {
    if (before.name === here.name) return
    of.generation = undefined
    restart()
  })
  restart()
}
