// Fields of which a reader chooses one: unions, and parts that may be left out.

import { element } from "../../shared/elements.js"
import { described } from "./described.js"
import { button, changed, frame } from "./frame.js"
import { fits, variantName } from "./schema.js"

export const union = (make, root, schema, place) => {
  const variants = schema.anyOf ?? schema.oneOf
  const made = new Map()
  const box = element("div", {})
  const { about } = described({})
  const names = variants.map((variant, i) => element("option", { value: i }, variantName(root, variant, i)))
  const control = element("select", { id: about.id }, ...names)
  const own = frame(schema, place, element("label", { for: about.id }, `Kind of ${place.name}`), control, box)
  const chosen = () => made.get(control.value)
  const choose = (i) => {
    control.value = i
    if (!made.has(control.value))
      made.set(control.value, make(root, variants[i], { name: place.name, isRequired: true }))
    box.replaceChildren(chosen().node)
  }
  // Before the form hears of it, which then reads the new variant.
  control.addEventListener("input", () => choose(Number(control.value)))
  const write = (value) => {
    if (value === undefined) return choose(0)
    const found = variants.findIndex((variant) => fits(root, variant, value))
    choose(Math.max(0, found))
    chosen().write(value)
  }
  choose(0)
  if ("default" in schema) write(schema.default)
  return {
    ...own,
    name: place.name,
    write,
    clear: () => {
      own.clear()
      chosen().clear()
    },
    complain: (path, why) => chosen().complain(path, why),
    read: (problems) => chosen().read(problems)
  }
}

/** A part that is sent only when the reader adds it, so that schemas that contain themselves end. */
export const optional = (make, schema, place) => {
  let part
  const box = element("div", {})
  const away = button("Leave out", `Leave out ${place.name}`, () => {
    drop()
    more.focus()
    changed(own.node)
  })
  const more = button("Add", `Add ${place.name}`, () => {
    add()
    box.querySelector("input, select, textarea, button")?.focus()
    changed(own.node)
  })
  const own = frame(schema, place, box, more, away)
  const show = () => {
    box.replaceChildren(...(part ? [part.node] : []))
    more.hidden = part !== undefined
    away.hidden = part === undefined
  }
  const add = () => {
    part ??= make()
    show()
  }
  const drop = () => {
    part = undefined
    show()
  }
  show()
  return {
    ...own,
    name: place.name,
    write: (value) => {
      if (value === undefined) return drop()
      add()
      part.write(value)
    },
    clear: () => {
      own.clear()
      part?.clear()
    },
    complain: (path, why) => (part ?? own).complain(path, why),
    read: (problems) => part?.read(problems)
  }
}
