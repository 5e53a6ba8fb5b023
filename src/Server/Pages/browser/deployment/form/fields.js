// A form made of the JSON Schema of the parameters: one field for each schema.

import * as group from "./group.js"
import { leaf } from "./leaf.js"
import { kindOf, resolved } from "./schema.js"
import { optional, union } from "./variants.js"

const groups = { object: group.object, list: group.list, map: group.map, union }

/** The field of a schema. `place` has its name, whether it is required, and whether it is a member of the parameters. */
export const makeField = (root, given, place) => {
  const schema = resolved(root, given)
  const kind = kindOf(root, schema)
  const make = groups[kind]
  if (make === undefined) return leaf(root, schema, kind, place)
  if (place.isRequired) return make(makeField, root, schema, place)
  const inner = { ...place, isRequired: true }
  const field = optional(() => make(makeField, root, schema, inner), schema, place)
  if ("default" in schema) field.write(schema.default)
  return field
}

/** The form of the parameters. */
export const makeForm = (root, given) => makeField(root, given, { name: "parameters", isRequired: true, isRoot: true })
