/** Invocations of one pipeline of a group, as those of the group: its name goes into the body, and out of the answer. */
import * as Predicate from "effect/Predicate"
import type { Response } from "../Run/Response.js"
import * as SafeJson from "../Run/SafeJson.js"
import * as Uploads from "./Uploads.js"

/** The body of a group for that of one of its pipelines. Files stay the handles that they are. */
export const bodyOf = (name: string, parsed: SafeJson.Parsed): SafeJson.Parsed => {
  const { value } = parsed
  if (!Predicate.isRecord(value) || !Object.hasOwn(value, "parameters")) return parsed
  const pipeline = JSON.stringify(name)
  const given = SafeJson.onlyMember(parsed, "parameters")
  const whole = { ...value, parameters: { pipeline: name, parameters: value["parameters"] } }
  return {
    value: whole,
    isPlain: parsed.isPlain,
    text:
      given === undefined
        ? JSON.stringify(whole, Uploads.described)
        : `{"parameters":{"pipeline":${pipeline},"parameters":${given}}}`
  }
}

/** The answer with the paths of problems as its caller wrote them. */
export const answerOf = (answer: Response): Response => {
  if (answer.status !== 400) return answer
  const body: unknown = JSON.parse(answer.body)
  if (!Predicate.isRecord(body) || !Array.isArray(body["issues"])) return answer
  const issues = body["issues"].map((issue: { readonly path: string }) => ({
    ...issue,
    path: issue.path.replace(/^parameters\.parameters(?=\.|$)/, "parameters")
  }))
  return { ...answer, body: JSON.stringify({ ...body, issues }) }
}
