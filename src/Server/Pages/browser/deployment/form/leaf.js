// Fields of one control: texts, numbers, times, closed sets, files, and JSON for everything without a field of its own.

import { element } from "../../shared/elements.js"
import { described } from "./described.js"
import { choices, resolved } from "./schema.js"

/** A text that is not a number is sent as it is: the service names the problem. */
const number = (text) => (text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text))
const textOf = (value) => (typeof value === "string" ? value : JSON.stringify(value))

/** In a text of several lines, Enter is one more line. */
const sendOnEnter = (event) => {
  const { target } = event
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || target.value.includes("\n")) return
  event.preventDefault()
  target.form.requestSubmit()
}

const written = (place, schema, { parse, rows = 1, ...more }) => {
  const [example] = schema.examples ?? []
  const isText = parse === String
  const control = element("textarea", {
    ...place.about,
    ...more,
    rows,
    spellcheck: "false",
    ...(example === undefined ? {} : { placeholder: isText ? textOf(example) : JSON.stringify(example) })
  })
  if (rows === 1) control.addEventListener("keydown", sendOnEnter)
  return {
    control,
    write: (value) => {
      control.value = value === undefined ? "" : isText ? textOf(value) : JSON.stringify(value, null, rows > 1 ? 2 : 0)
    },
    read: () => (control.value === "" ? undefined : parse(control.value))
  }
}

const pad = (n, size = 2) => String(n).padStart(size, "0")

/** The local time of a moment, as the control shows it. */
const localOf = (time) =>
  `${pad(time.getFullYear(), 4)}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}T${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())}`

const moment = (place) => {
  const control = element("input", { ...place.about, type: "datetime-local", step: "1" })
  return {
    control,
    write: (value) => {
      const time = new Date(value ?? "")
      control.value = Number.isNaN(time.getTime()) ? "" : localOf(time)
    },
    read: () => (control.value === "" ? undefined : new Date(control.value).toISOString())
  }
}

const check = (place) => {
  const control = element("input", { ...place.about, type: "checkbox" })
  return {
    control,
    isCheck: true,
    write: (value) => {
      control.checked = value === true
    },
    read: () => control.checked
  }
}

const select = (place, options) => {
  const none = element("option", { value: "" }, place.isRequired ? "" : "(not given)")
  const control = element(
    "select",
    place.about,
    none,
    ...options.map((value, i) => element("option", { value: i }, textOf(value)))
  )
  return {
    control,
    write: (value) => {
      control.value = options.includes(value) ? options.indexOf(value) : ""
    },
    read: () => (control.value === "" ? undefined : options[control.value])
  }
}

/** The bytes of a file within the parameters, in Base64; one beside them is a part of a form. */
const packed = async (file) => {
  const bytes = new Uint8Array(await file.arrayBuffer())
  let text = ""
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192))
  return { data: btoa(text), contentType: file.type || "application/octet-stream", name: file.name }
}

const file = (place, { contentTypes }, isList) => {
  let within = []
  const control = element("input", {
    ...place.about,
    type: "file",
    ...(isList ? { multiple: "" } : {}),
    ...(contentTypes ? { accept: contentTypes.join(",") } : {})
  })
  if (!place.isTop)
    control.addEventListener("change", async () => {
      within = await Promise.all([...control.files].map(packed))
      control.dispatchEvent(new Event("input", { bubbles: true }))
    })
  return {
    control,
    write: () => {},
    read: () => {
      const files = place.isTop ? [...control.files] : within
      return isList ? (files.length > 0 ? files : undefined) : files[0]
    }
  }
}

const controls = {
  text: (_, place, schema) => written(place, schema, { parse: String }),
  number: (_, place, schema) => written(place, schema, { parse: number, inputmode: "decimal" }),
  json: (_, place, schema) => written(place, schema, { parse: JSON.parse, rows: 3 }),
  moment: (_, place) => moment(place),
  file: (_, place, schema) => file(place, schema["x-file"], false),
  files: (root, place, schema) => file(place, resolved(root, schema.items)["x-file"], true),
  choice: (root, place, schema) =>
    schema.type === "boolean" && (place.isRequired || "default" in schema)
      ? check(place)
      : select(place, choices(root, schema))
}

const notes = { json: " JSON", file: " file", files: " files", moment: " time" }

/** A field of one control. */
export const leaf = (root, schema, kind, given) => {
  const { about, hint, said } = described(schema)
  const place = { ...given, about: { ...about, name: given.name, ...(given.isRequired ? { required: "" } : {}) } }
  const { control, isCheck, read, write } = controls[kind](root, place, schema)
  const note = (given.isRequired ? " *" : " optional") + (notes[kind] ?? "")
  const label = element("label", { for: about.id }, given.name, element("span", { class: "muted" }, note))
  const options = kind === "choice" ? choices(root, schema) : []
  // A required constant leaves nothing to choose.
  const isFixed = options.length === 1 && given.isRequired
  if (isFixed) write(options[0])
  if ("default" in schema) write(schema.default)
  const complain = (why) => {
    said.textContent = [said.textContent, why].filter(Boolean).join("\n")
    control.setAttribute("aria-invalid", "true")
  }
  return {
    name: given.name,
    node: element(
      "div",
      { class: isCheck ? "check" : "", ...(isFixed ? { hidden: "" } : {}) },
      ...(isCheck ? [control, label] : [label, control]),
      hint,
      said
    ),
    write: (value) => {
      if (!isFixed) write(value)
    },
    clear: () => {
      said.textContent = ""
      control.removeAttribute("aria-invalid")
    },
    complain: (path, why) => complain([path.join("."), why].filter(Boolean).join(" ")),
    read: (problems) => {
      try {
        return read()
      } catch (error) {
        complain(`This is not JSON: ${error.message}`)
        problems.push(error)
      }
    }
  }
}
