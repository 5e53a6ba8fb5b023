// The request of the present input: its parameters, its files, and its body.

import { $ } from "./service.js"

/** The parameters without files, and the files with the names of their parameters. */
export const separated = (parameters) => {
  if (parameters === null || typeof parameters !== "object" || Array.isArray(parameters))
    return { files: [], others: parameters }
  const files = Object.entries(parameters).flatMap(([name, value]) =>
    [value]
      .flat()
      .filter((one) => one instanceof File)
      .map((one) => [name, one])
  )
  const names = new Set(files.map(([name]) => name))
  return { files, others: Object.fromEntries(Object.entries(parameters).filter(([name]) => !names.has(name))) }
}

/** JSON, or a form if there are files. */
export const bodyOf = (parameters) => {
  const { files, others } = separated(parameters)
  if (files.length === 0) return JSON.stringify({ parameters })
  const form = new FormData()
  form.append("$request", JSON.stringify({ parameters: others }))
  for (const [name, file] of files) form.append(name, file)
  return form
}

export const headers = (isForm) => ({
  ...(isForm ? {} : { "content-type": "application/json" }),
  ...($("stream").checked ? { accept: "text/event-stream" } : {})
})
