/** Forms of `require` that the tracer does not know, as the one that it knows. */

/** The text of a module in which every name of `require` is `require`. Only the tracer reads it. */
export const plain = (text: string): string => {
  const names = new Set([...text.matchAll(alias)].map(([, name = ""]) => name))
  const declared = text.replace(named, (_, name: string) => {
    names.add(name)
    // The tracer takes a declared `require` for a function of the module.
    return `${name}$made = 0`
  })
  names.delete("require")
  return [...names].reduce(
    (changed, name) =>
      changed.replace(new RegExp(`(?<![\\w$.])${escaped(name)}(?=\\s*\\(|\\.resolve\\s*\\()`, "g"), "require"),
    declared.replace(inline, "require")
  )
}

// internal

/** `createRequire(import.meta.url)`, from wherever the module has the function, also with a suffix of a bundler. */
const made = (() => {
  const builtin = String.raw`\(\s*["'](?:node:)?module["']\s*\)`
  const imported = String.raw`\(?\s*await\s+import\s*${builtin}\s*\)?(?:\.default)?`
  const origin = String.raw`(?:[\w$.?]*getBuiltinModule\s*${builtin}|require\s*${builtin}|${imported}|[\w$]+)`
  const place = String.raw`\(\s*(?:import\.meta\.(?:url|filename)|__filename)\s*\)`
  return String.raw`(?:${origin}\s*\??\.\s*)?(?:\(0\s*,\s*[\w$]+\.)?createRequire\d*\)?\s*${place}`
})()

/** `createRequire(import.meta.url)("./data.json")`. */
const inline = new RegExp(String.raw`(?<![\w$.])${made}(?=\s*(?:\(|\.resolve\b))`, "g")

/** `const load = createRequire(import.meta.url)`. */
const named = new RegExp(String.raw`(?<![\w$.])([\w$]+)\s*=\s*${made}(?!\s*[(.])`, "g")

/** `const load = require`. */
const alias = /(?<![\w$.])([\w$]+)\s*=\s*require\s*(?=[;,\n)])/g

const escaped = (name: string): string => name.replaceAll("$", "\\$")
