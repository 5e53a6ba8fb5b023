// The input of a run: the form of a pipeline, or its parameters as JSON.

import { element, pretty } from "../shared/elements.js"
import { makeForm } from "./form/fields.js"
import { kindOf, members, resolved, sample } from "./form/schema.js"
import { separated } from "./request.js"
import { $, invokePaths, paths, say } from "./service.js"
import { showSnippet } from "./snippets.js"

/** The pipelines of the deployment, with their forms; the one that the reader chose. */
let targets = []
let target

const isRaw = () => target?.form === undefined || $("asRaw").checked

/** The parameters. Undefined if a text is not JSON; its field then shows the problem. */
export const collect = () => {
  say("rawSaid", "")
  target?.form?.clear()
  if (!isRaw()) {
    const problems = []
    const parameters = target.form.read(problems)
    return problems.length === 0 ? parameters : undefined
  }
  try {
    return JSON.parse($("raw").value)
  } catch (error) {
    say("rawSaid", `This is not JSON: ${error.message}`)
  }
}

export const present = () => {
  const parameters = target && collect()
  return parameters === undefined ? undefined : { target, parameters }
}

/** Shows the problems at their fields, each in a line, and returns those without a field. */
export const complaints = (issues = []) => {
  const [others, own] = isRaw()
    ? [issues, []]
    : [
        issues.filter(({ path }) => !/^parameters(\.|$)/.test(path)),
        issues.filter(({ path }) => /^parameters(\.|$)/.test(path))
      ]
  const unknown = []
  for (const issue of own) {
    const [, ...path] = issue.path.split(".")
    const isShown = path.length === 0 || !target.form.fields || target.form.fields.some(({ name }) => name === path[0])
    if (isShown) target.form.complain(path, issue.reason)
    else unknown.push(issue)
  }
  return [...others, ...unknown]
}

export const focusProblem = () => document.querySelector("#try [aria-invalid=true]")?.focus()

const showWay = () => {
  $("asRawPart").hidden = target.form === undefined
  $("rawPart").hidden = !isRaw()
  $("fields").hidden = isRaw()
  $("example").hidden = target.isEmpty
  showSnippet()
}

const write = (value) => {
  if (isRaw()) $("raw").value = pretty(value)
  else target.form.write(value)
  showSnippet()
}

$("example").addEventListener("click", () => write(sample(target.root, target.schema)))
$("asRaw").addEventListener("change", ({ target: box }) => {
  const { checked } = box
  box.checked = !checked
  const parameters = collect()
  if (parameters === undefined) return focusProblem()
  box.checked = checked
  if (checked) $("raw").value = pretty(separated(parameters).others)
  else target.form.write(parameters)
  showWay()
})
$("pipeline").addEventListener("change", ({ target: { value } }) => choose(targets[value]))

const choose = (next) => {
  target = next
  target.form ??= target.isKnown ? makeForm(target.root, target.schema) : undefined
  $("fields").replaceChildren(...(target.form ? [target.form.node] : []))
  say("fieldsSaid", target.isEmpty ? "It takes no parameters." : (target.said ?? ""))
  if (target.form === undefined && $("raw").value === "")
    $("raw").value = pretty(sample(target.root, target.schema) ?? {})
  showWay()
}

const targetOf = (root, given, rest) => {
  const schema = resolved(root, given)
  const isKnown = Object.keys(schema).length > 0
  const isEmpty = isKnown && kindOf(root, schema) === "object" && members(schema).length === 0
  return { root, schema, isKnown, isEmpty, ...rest }
}

/** The pipelines of a group: the variants of its parameters. */
const ofGroup = (root, schema, deployment) =>
  (resolved(root, schema).anyOf ?? [schema]).flatMap((variant) => {
    const { parameters, pipeline } = resolved(root, variant).properties ?? {}
    const [name] = resolved(root, pipeline).enum ?? [resolved(root, pipeline).const]
    const path = invokePaths[name]
    return path ? [targetOf(root, parameters, { deployment, isMember: true, path, pipeline: name })] : []
  })

/** Makes the form, or the fields of each pipeline of a group. */
export const showForm = (root, schema, { deployment = "NAME", pipeline = "pipeline", said = "" }) => {
  const group = Object.keys(invokePaths).length > 0 ? ofGroup(root, schema, deployment) : []
  const alone = () => targetOf(root, schema, { deployment, path: paths.invoke, pipeline, said })
  targets = group.length > 0 ? group : [alone()]
  $("pipelinePart").hidden = group.length === 0
  $("pipeline").replaceChildren(...targets.map(({ pipeline }, i) => element("option", { value: i }, pipeline)))
  choose(targets[0])
}
