// A form made of the JSON Schema of the parameters. A parameter without a field of its own is written as JSON.

import { element } from "../shared/elements.js"
import { $ } from "./service.js"

/** A schema without references, and without an `allOf` of one. */
export const resolved = (root, given) => {
  let schema = given ?? {}
  for (let i = 0; i < 20; i++) {
    const { $ref, allOf, ...own } = schema
    if ($ref) {
      const at = $ref
        .slice(2)
        .split("/")
        .map((name) => decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~"))
      schema = { ...at.reduce((part, name) => part?.[name], root), ...own }
    } else if (allOf?.length === 1) schema = { ...resolved(root, allOf[0]), ...own }
    else break
  }
  return schema
}

/** The values of a closed set; undefined for every other schema. */
const choices = (root, schema) => {
  if ("const" in schema) return [schema.const]
  if (schema.enum) return schema.enum
  if (schema.type === "boolean") return [true, false]
  if (schema.type === "null") return [null]
  const members = schema.anyOf?.map((member) => choices(root, resolved(root, member)))
  return members?.every(Boolean) ? members.flat() : undefined
}

/** A text that is not a number is sent as it is: the service names the problem. */
const number = (text) => (Number.isNaN(Number(text)) ? text : Number(text))
const parsers = { string: (text) => text, number, integer: number }

const makeField = (root, name, given, isRequired, i) => {
  const schema = resolved(root, given)
  const isList = schema.type === "array" && Boolean(resolved(root, schema.items)["x-file"])
  const file = isList ? resolved(root, schema.items)["x-file"] : schema["x-file"]
  const options = file ? undefined : choices(root, schema)
  const isCheck = schema.type === "boolean" && (isRequired || "default" in schema)
  const parse = parsers[schema.type]
  const [id, hintId, saidId] = ["field", "hint", "said"].map((part) => part + i)
  const about = { id, name, "aria-describedby": `${hintId} ${saidId}`, ...(isRequired ? { required: "" } : {}) }
  const sample = schema.examples?.[0]
  const text = (value) => (typeof value === "string" && (parse || options) ? value : JSON.stringify(value))
  const control = file
    ? element("input", {
        ...about,
        type: "file",
        ...(isList ? { multiple: "" } : {}),
        ...(file.contentTypes ? { accept: file.contentTypes.join(",") } : {})
      })
    : isCheck
      ? element("input", { ...about, type: "checkbox" })
      : options
        ? element(
            "select",
            about,
            element("option", { value: "" }, isRequired ? "" : "(not given)"),
            ...options.map((value, i) => element("option", { value: i }, text(value)))
          )
        : element("textarea", {
            ...about,
            rows: parse ? 1 : 3,
            spellcheck: "false",
            ...(sample === undefined ? {} : { placeholder: text(sample) }),
            ...(parse === number ? { inputmode: "decimal" } : {})
          })
  const write = (value) => {
    if (file) return
    if (isCheck) control.checked = value === true
    else if (options) control.value = options.includes(value) ? options.indexOf(value) : ""
    else control.value = value === undefined ? "" : text(value)
  }
  if (options?.length === 1 && isRequired) write(options[0])
  if ("default" in schema) write(schema.default)
  if (parse && !options)
    control.addEventListener("keydown", (event) => {
      // In a text of several lines, Enter is one more line.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || control.value.includes("\n")) return
      event.preventDefault()
      $("try").requestSubmit()
    })
  const said = element("p", { id: saidId, class: "bad" })
  const label = element(
    "label",
    { for: id },
    name,
    element(
      "span",
      { class: "muted" },
      (isRequired ? " *" : " optional") + (file ? " file" : parse || options ? "" : " JSON")
    )
  )
  return {
    name,
    control,
    write,
    node: element(
      "div",
      { class: isCheck ? "check" : "" },
      ...(isCheck ? [control, label] : [label, control]),
      element("p", { id: hintId, class: "hint muted" }, schema.description ?? ""),
      said
    ),
    read: () => {
      if (file) return isList && control.files.length > 0 ? [...control.files] : control.files[0]
      if (isCheck) return control.checked
      if (control.value === "") return undefined
      return options ? options[control.value] : parse ? parse(control.value) : JSON.parse(control.value)
    },
    complain: (why) => {
      said.textContent = why
      control.setAttribute("aria-invalid", why !== "")
    }
  }
}

/** The fields of an object whose members are known; undefined for every other schema. */
export const makeFields = (root, given) => {
  const schema = resolved(root, given)
  // The name that Effect gives an object without members.
  if (schema.$id === "/schemas/%7B%7D") return []
  const isKnown =
    schema.type === "object" && schema.properties && !schema.additionalProperties && !schema.patternProperties
  return isKnown
    ? Object.entries(schema.properties).map(([name, property], i) =>
        makeField(root, name, property, schema.required?.includes(name), i)
      )
    : undefined
}
