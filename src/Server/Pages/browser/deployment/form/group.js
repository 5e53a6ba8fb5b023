// Fields that consist of fields: objects, lists and maps.

import { element } from "../../shared/elements.js"
import { button, changed, frame } from "./frame.js"
import { members } from "./schema.js"

/** Shows a problem at the innermost part that has it. */
const passOn = (own, part, path, why) => {
  if (part === undefined) own.complain(path, why)
  else part.complain(path.slice(1), why)
}

export const object = (make, root, schema, place) => {
  const fields = members(schema).map(([name, property]) =>
    make(root, property, { name, isRequired: Boolean(schema.required?.includes(name)), isTop: Boolean(place.isRoot) })
  )
  const nodes = fields.map(({ node }) => node)
  const own = place.isRoot
    ? { ...frame({}, place), node: element("div", {}, ...nodes) }
    : frame(schema, place, ...nodes)
  return {
    ...own,
    name: place.name,
    fields,
    write: (value) => {
      for (const field of fields) field.write(value?.[field.name])
    },
    clear: () => {
      own.clear()
      for (const field of fields) field.clear()
    },
    complain: (path, why) =>
      passOn(
        own,
        fields.find(({ name }) => name === path[0]),
        path,
        why
      ),
    read: (problems) =>
      Object.fromEntries(
        fields.map((field) => [field.name, field.read(problems)]).filter(([, value]) => value !== undefined)
      )
  }
}

/** Rows that a reader adds and removes. */
const rows = (schema, place, { add, noun }) => {
  const box = element("div", {})
  const list = []
  const remove = (row) => {
    list.splice(list.indexOf(row), 1)
    row.node.remove()
    more.focus()
    changed(own.node)
  }
  const append = (value) => {
    const row = add(list.length, value)
    const away = button("Remove", `Remove ${noun} ${list.length + 1} of ${place.name}`, () => remove(row))
    row.node = element("div", { class: "item" }, row.node, away)
    list.push(row)
    box.append(row.node)
    return row
  }
  const more = button(`Add ${noun}`, `Add ${noun} to ${place.name}`, () => {
    append().node.querySelector("input, select, textarea, button")?.focus()
    changed(own.node)
  })
  const own = frame(schema, place, box, more)
  const reset = (values) => {
    list.splice(0)
    box.replaceChildren()
    for (const value of values) append(value)
  }
  const clear = () => {
    own.clear()
    for (const row of list) row.clear()
  }
  return { ...own, name: place.name, list, reset, clear, own }
}

export const list = (make, root, schema, place) => {
  const add = (i, value) => {
    const item = make(root, schema.items, { name: `${place.name} ${i + 1}`, isRequired: true })
    if (value !== undefined) item.write(value)
    return { ...item }
  }
  const all = rows(schema, place, { add, noun: "item" })
  const write = (value) => all.reset(Array.isArray(value) ? value : [])
  write(schema.default ?? Array.from({ length: schema.minItems ?? 0 }))
  return {
    ...all,
    write,
    complain: (path, why) => passOn(all.own, all.list[path[0]], path, why),
    read: (problems) => all.list.map((item) => item.read(problems)).filter((value) => value !== undefined)
  }
}

export const map = (make, root, schema, place) => {
  const add = (i, [key, value] = []) => {
    const name = make(root, { type: "string" }, { name: `${place.name} name ${i + 1}`, isRequired: true })
    const item = make(root, schema.additionalProperties, { name: `${place.name} value ${i + 1}`, isRequired: true })
    name.write(key)
    if (value !== undefined) item.write(value)
    const clear = () => [name, item].forEach((it) => void it.clear())
    return { ...item, key: name, item, clear, node: element("div", { class: "pair" }, name.node, item.node) }
  }
  const all = rows(schema, place, { add, noun: "entry" })
  const write = (value) => all.reset(Object.entries(value ?? {}))
  write(schema.default)
  return {
    ...all,
    write,
    complain: (path, why) =>
      passOn(
        all.own,
        all.list.find(({ key }) => key.read([]) === path[0]),
        path,
        why
      ),
    read: (problems) =>
      Object.fromEntries(all.list.map(({ item, key }) => [key.read(problems) ?? "", item.read(problems)]))
  }
}
