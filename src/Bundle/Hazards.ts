/** The signs that a module of a package does not work, or works otherwise, as a part of a bundle. */

/** True if a module of a package is known to be the same inside a bundle: plain code that only imports and exports. */
export const isPure = (text: string, isModule: boolean): boolean =>
  (isModule || strict.test(text)) && !signs.test(text) && !computed.test(text)

// internal

/**
 * A bundle is strict code, which means something else in a script that did not ask for it. The pattern of a comment has one
 * match at each place: one that could also end at a later comment would try all combinations of the comments of a file.
 */
const strict = /^(?:\s|\/\/[^\n]*\n|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\/|#![^\n]*\n)*(["'])use strict\1/

/** Names that depend on the place of a module, on its loader, or on its name. */
const signs = new RegExp(
  [
    /\b__dirname\b|\b__filename\b|\bimport\.meta\b/,
    /\bcreateRequire\b|\brequire\.(?:resolve|main|cache|extensions)\b|\brequire\[/,
    /\bmodule\.(?:parent|paths|children|filename|id|require|constructor|loaded)\b/,
    /\bprocess\.(?:dlopen|binding|cwd|argv|execPath|mainModule)\b/,
    /\.node["'`]|\.wasm\b|\bWebAssembly\b/,
    /\bworker_threads\b|\bchild_process\b|\bnew Worker\b/,
    /\beval\s*\(|\bFunction\s*\(|\bwith\s*\(/,
    /\bconstructor\.name\b|\bcaptureStackTrace\b[\s\S]{0,200}\bgetFileName\b|\bprepareStackTrace\b/
  ]
    .map(({ source }) => source)
    .join("|")
)

/** A `require` or `import()` whose argument is not one text, or a `require` that is passed on. */
const computed = /\b(?:require|import)\s*\(\s*(?!["'][^"'\n]*["']\s*[,)])[^\s)]|[=(,:[]\s*require\s*[,;)\]}]/
