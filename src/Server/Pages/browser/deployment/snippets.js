// The present input as a command and as a program, to copy.

import { pretty } from "../shared/elements.js"
import { canBeFlag, flagOf } from "./flags.js"
import { headers, separated } from "./request.js"
import { $, keyed, say } from "./service.js"

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`
/** A word of a shell, with quotes where it needs them. */
const word = (text) => (/^[\w.,:/@%+=-]+$/.test(text) ? text : quoted(text))

const curl = ({ path }, parameters) => {
  const { files, others } = separated(parameters)
  const all = { ...(keyed.includes("invoke") ? { authorization: "Bearer $KEY" } : {}), ...headers(files.length > 0) }
  const lines = Object.entries(all).map(([name, value]) => `-H "${name}: ${value}"`)
  const json = JSON.stringify({ parameters: others })
  const body =
    files.length > 0
      ? [`-F ${quoted(`$request=${json}`)}`, ...files.map(([name, file]) => `-F ${quoted(`${name}=@${file.name}`)}`)]
      : [`-d ${quoted(json)}`]
  return [`curl -s${$("stream").checked ? "N " : " "}${location.origin}${path}`, ...lines, ...body].join(" \\\n  ")
}

const identifier = (name) => {
  const camel = name.replace(/[^\p{L}\p{N}]+(.?)/gu, (_, next) => next.toUpperCase())
  return /^\p{L}/u.test(camel) ? camel : `pipeline${camel}`
}

const typescript = ({ deployment, isMember, pipeline }, parameters) => {
  const { files, others } = separated(parameters)
  const name = identifier(pipeline)
  const handles = files.map(([parameter]) => `${JSON.stringify(parameter)}: file`)
  const input = handles.length === 0 ? pretty(others) : `{ ...${pretty(others)}, ${handles.join(", ")} }`
  const place = JSON.stringify(isMember ? `${deployment}/${pipeline}` : deployment)
  const call = $("stream").checked ? "stream" : "invoke"
  return `import { Client } from "effect-deployers"
import { ${name} } from "./${pipeline}.js"

export const outputs = Client.make(${name}, ${place}).${call}(${input})`
}

const plain = (value) => ["string", "number", "boolean"].includes(typeof value)

const cli = ({ deployment, isMember, pipeline }, parameters) => {
  const start = ["deployers invoke", word(isMember ? `${deployment}/${pipeline}` : deployment)]
  if ($("stream").checked) start.push("--stream")
  const isObject = parameters !== null && typeof parameters === "object" && !Array.isArray(parameters)
  if (!isObject || !Object.keys(parameters).every(canBeFlag))
    return `echo ${quoted(JSON.stringify(parameters))} | ${start.join(" ")} --input -`
  const options = Object.entries(parameters).map(([name, value]) => {
    const files = [value].flat().filter((one) => one instanceof File)
    if (files.length > 0) return files.map((one) => `${word(flagOf(name))} ${word(one.name)}`).join(" ")
    return `${word(flagOf(name))} ${word(plain(value) ? String(value) : JSON.stringify(value))}`
  })
  return [...start, ...options].join(" ")
}

const languages = { curl, typescript, cli }
let shown = "curl"
let latest = () => undefined

/** Shows the text for a pipeline and its parameters; without parameters, because a field has a problem, the last one stays. */
export const showSnippet = () => {
  const input = latest()
  if (input !== undefined) say("snippet", languages[shown](input.target, input.parameters))
}

/** @param present Returns the pipeline and its parameters, or undefined. */
export const startSnippets = (present) => {
  latest = present
  Object.assign($("snippet"), { tabIndex: 0, role: "group", ariaLabel: "Code" })
  $("languages").addEventListener("change", ({ target }) => {
    shown = target.value
    showSnippet()
  })
  $("copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText($("snippet").textContent)
      say("copy", "Copied")
    } catch {
      getSelection().selectAllChildren($("snippet"))
      say("copy", "Selected")
    }
    setTimeout(() => say("copy", "Copy"), 2000)
  })
}
