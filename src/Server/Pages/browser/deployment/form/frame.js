// The frame around fields that belong together, and its buttons.

import { element } from "../../shared/elements.js"
import { described } from "./described.js"

export const button = (text, label, onclick) =>
  element("button", { type: "button", class: "small", "aria-label": label, onclick }, text)

/** Has the form read its values again after a change without an input. */
export const changed = (node) => node.dispatchEvent(new Event("input", { bubbles: true }))

/** A frame with the name of a part, its description, and the problems of the part as a whole. */
export const frame = (schema, { isRequired, name }, ...children) => {
  const { about, hint, said } = described(schema)
  const legend = element("legend", {}, name, element("span", { class: "muted" }, isRequired ? " *" : " optional"))
  return {
    node: element("fieldset", about, legend, hint, ...children, said),
    clear: () => {
      said.textContent = ""
    },
    complain: (path, why) => {
      said.textContent = [said.textContent, [path.join("."), why].filter(Boolean).join(" ")].filter(Boolean).join("\n")
    }
  }
}
