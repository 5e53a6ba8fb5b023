import Ajv from "ajv"
import addFormats from "ajv-formats"
import Joi from "joi"
import * as v from "valibot"
import * as yup from "yup"
import { z } from "zod"

const ajv = addFormats(new Ajv())

export const answer = async () => [
  z
    .object({ a: z.email() })
    .safeParse({ a: 1 })
    .error.issues.map(({ code }) => code),
  v.safeParse(v.object({ a: v.string() }), { a: 1 }).issues.map(({ type }) => type),
  await yup
    .object({ a: yup.number().required() })
    .validate({})
    .catch(({ name, message }) => [name, message]),
  Joi.object({ a: Joi.number() }).validate({ a: "x" }).error.message,
  ajv.compile({ type: "string", format: "date" })("2024-02-30")
]
