// The script of the documentation page. Everything it shows is a text node, whatever the document says.
import { element, pretty } from "../shared/elements.js"

const app = document.getElementById("app")
const { openapi, invoke, auth } = document.body.dataset

const resolve = (spec, schema) => {
  const prefix = "#/components/schemas/"
  return schema?.$ref?.startsWith(prefix) ? spec.components.schemas[schema.$ref.slice(prefix.length)] : schema
}
const example = (spec, given, depth = 0) => {
  const schema = resolve(spec, given)
  if (schema === undefined || depth > 6) return null
  if ("default" in schema) return schema.default
  if (schema.examples?.length > 0) return schema.examples[0]
  if (schema.enum?.length > 0) return schema.enum[0]
  if (schema.anyOf?.length > 0) return example(spec, schema.anyOf[0], depth + 1)
  if (schema.type === "object") {
    const required = schema.required ?? []
    return Object.fromEntries(required.map((name) => [name, example(spec, schema.properties?.[name], depth + 1)]))
  }
  if (schema.type === "array") return []
  if (schema.type === "string") return ""
  if (schema.type === "number" || schema.type === "integer") return schema.minimum ?? 0
  return schema.type === "boolean" ? false : null
}

const operations = (spec) =>
  Object.entries(spec.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation }))
  )

const body = (content) => Object.values(content ?? {})[0]?.schema
const showOperation = ({ path, method, operation }) =>
  element(
    "details",
    {},
    element(
      "summary",
      {},
      element("span", { class: "method" }, method.toUpperCase()),
      element("code", {}, path),
      element("span", { class: "muted" }, `  ${operation.summary ?? ""}${operation.security?.length ? " (key)" : ""}`)
    ),
    ...(operation.parameters ?? []).map((parameter) =>
      element(
        "p",
        {},
        element("code", {}, parameter.name),
        ` in ${parameter.in}`,
        element("pre", {}, pretty(parameter.schema))
      )
    ),
    ...(operation.requestBody
      ? [element("p", {}, "Request"), element("pre", {}, pretty(body(operation.requestBody.content)))]
      : []),
    ...Object.entries(operation.responses).map(([status, response]) =>
      element(
        "details",
        {},
        element("summary", {}, `${status} ${response.description}`),
        element("pre", {}, pretty(body(response.content) ?? null))
      )
    )
  )

const keyField = element("input", { id: "key", type: "password", autocomplete: "off" })
const headers = () => (keyField.value === "" ? {} : { authorization: `Bearer ${keyField.value}` })

const tryIt = (spec) => {
  const payload = body(spec.paths[invoke]?.post?.requestBody?.content)
  const parameters = example(spec, resolve(spec, payload)?.properties?.parameters)
  const input = element("textarea", { id: "body", spellcheck: "false" })
  input.value = pretty({ parameters })
  const output = element("pre", { id: "answer", "aria-live": "polite" }, "")
  const send = async () => {
    output.textContent = "..."
    try {
      const response = await fetch(invoke, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers() },
        body: input.value
      })
      const text = await response.text()
      let shown = text
      try {
        shown = pretty(JSON.parse(text))
      } catch {}
      output.textContent = `${response.status} ${response.statusText}\n${shown}`
    } catch (error) {
      output.textContent = `The service did not answer: ${error}`
    }
  }
  return element(
    "section",
    {},
    element("h2", {}, "Try it"),
    ...(auth === "true" ? [element("label", { for: "key" }, "Key"), keyField] : []),
    element("label", { for: "body" }, `POST ${invoke}`),
    input,
    element("button", { id: "send", type: "button", onclick: send }, "Send"),
    output
  )
}

const show = async () => {
  const response = await fetch(openapi, { headers: headers() })
  if (!response.ok) throw new Error(`the OpenAPI document answered ${response.status}`)
  const spec = await response.json()
  app.replaceChildren(
    element("h1", {}, spec.info.title),
    element("p", { class: "muted" }, spec.info.description ?? ""),
    tryIt(spec),
    element("h2", {}, "Endpoints"),
    ...operations(spec).map((operation) => showOperation(operation)),
    element("h2", {}, "Schemas"),
    ...Object.entries(spec.components.schemas).map(([name, schema]) =>
      element("details", {}, element("summary", {}, element("code", {}, name)), element("pre", {}, pretty(schema)))
    )
  )
}
show().catch((error) => app.replaceChildren(element("p", {}, `This page could not be built: ${error.message}`)))
