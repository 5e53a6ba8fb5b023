/** Plain values for examples: numbers within bounds, texts of a format or a pattern. */
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import type { JsonSchema } from "./JsonSchema.js"

/** The plainest number a schema admits. */
export const pickNumber = (schema: JsonSchema): number => {
  const step = number(schema["multipleOf"]) ?? (schema["type"] === "integer" ? 1 : undefined)
  const lowest = bound(schema, "minimum", "exclusiveMinimum", Math.max)
  const highest = bound(schema, "maximum", "exclusiveMaximum", Math.min)
  const near = lowest ?? highest ?? 0
  const middle = lowest !== undefined && highest !== undefined ? [(lowest + highest) / 2] : []
  const aligned =
    step === undefined
      ? []
      : [
          Math.ceil(near / step) * step,
          Math.floor(near / step) * step + step,
          Math.floor(near / step) * step,
          Math.floor(near / step) * step - step
        ]
  const candidates = [1, 0, near, near + 1, near - 1, ...middle, ...aligned]
  return candidates.find((candidate) => admits(schema, step, candidate)) ?? near
}

/** A text a schema admits, as far as its format, pattern and lengths can be met. */
export const sampleString = (schema: JsonSchema): string => {
  const { format, pattern } = schema
  const minimum = number(schema["minLength"]) ?? 0
  const maximum = number(schema["maxLength"]) ?? Number.POSITIVE_INFINITY
  const hasLength = (text: string) => text.length >= minimum && text.length <= maximum
  const matches = matcher(pattern)
  const byFormat = typeof format === "string" ? formats[format] : undefined
  const plain = ["string", "a", "1", "A", ""].map((text) => text.padEnd(Math.min(minimum, 1_000), text || "a"))
  const candidates = [...(byFormat === undefined ? [] : [byFormat]), ...plain, plain[0]?.slice(0, maximum) ?? ""]
  const fitting = candidates.find((text) => hasLength(text) && matches(text))
  return fitting ?? generated(pattern, hasLength) ?? "string"
}

/** Encoded examples of well-known schemas whose JSON form is text with a meaning the document cannot express. */
export const wellKnown = (name: string | undefined): string | undefined =>
  name !== undefined && Object.hasOwn(names, name) ? names[name] : undefined

// internal

const number = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined)

const bound = (
  schema: JsonSchema,
  inclusive: string,
  exclusive: string,
  choose: (...values: ReadonlyArray<number>) => number
): number | undefined => {
  const values = [number(schema[inclusive]), number(schema[exclusive])].filter((value) => value !== undefined)
  return values.length === 0 ? undefined : choose(...values)
}

const admits = (schema: JsonSchema, step: number | undefined, value: number): boolean =>
  Number.isFinite(value) &&
  value >= (number(schema["minimum"]) ?? Number.NEGATIVE_INFINITY) &&
  value <= (number(schema["maximum"]) ?? Number.POSITIVE_INFINITY) &&
  value > (number(schema["exclusiveMinimum"]) ?? Number.NEGATIVE_INFINITY) &&
  value < (number(schema["exclusiveMaximum"]) ?? Number.POSITIVE_INFINITY) &&
  (schema["type"] !== "integer" || Number.isInteger(value)) &&
  (step === undefined || Number.isInteger(Number((value / step).toFixed(9))))

const matcher = (pattern: unknown): ((text: string) => boolean) => {
  const expression = compile(pattern)
  return expression === undefined ? () => true : (text) => expression.test(text)
}

const compile = (pattern: unknown): RegExp | undefined =>
  typeof pattern === "string"
    ? Either.getOrUndefined(
        Either.orElse(
          Either.try(() => new RegExp(pattern, "u")),
          () => Either.try(() => new RegExp(pattern))
        )
      )
    : undefined

const generated = (pattern: unknown, hasLength: (text: string) => boolean): string | undefined => {
  const expression = compile(pattern)
  if (expression === undefined) return undefined
  const samples = Either.try(() =>
    FastCheck.sample(FastCheck.stringMatching(expression, { size: "small" }), { numRuns: 50, seed: 1 })
  )
  return Either.getOrElse(samples, () => []).find((text) => hasLength(text) && expression.test(text))
}

const formats: Readonly<Record<string, string>> = {
  uuid: "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
  "date-time": "2025-01-31T12:00:00.000Z",
  date: "2025-01-31",
  time: "12:00:00Z",
  duration: "PT1H",
  email: "someone@example.com",
  uri: "https://example.com/",
  url: "https://example.com/",
  hostname: "example.com",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1"
}

const names: Readonly<Record<string, string>> = {
  Date: "2025-01-31T12:00:00.000Z",
  DateFromString: "2025-01-31T12:00:00.000Z",
  DateTimeUtc: "2025-01-31T12:00:00.000Z",
  DateTimeZoned: "2025-01-31T12:00:00.000+00:00[UTC]",
  TimeZone: "UTC",
  TimeZoneNamed: "UTC",
  TimeZoneOffset: "0",
  NumberFromString: "1",
  BooleanFromString: "true",
  BigInt: "1",
  BigDecimal: "1.5",
  URL: "https://example.com/",
  UUID: "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
  ULID: "01ARZ3NDEKTSV4RRFFQ69G5FAV",
  Uint8ArrayFromBase64: "aGVsbG8=",
  Uint8ArrayFromBase64Url: "aGVsbG8",
  Uint8ArrayFromHex: "68656c6c6f",
  StringFromBase64: "aGVsbG8=",
  StringFromBase64Url: "aGVsbG8",
  StringFromHex: "68656c6c6f",
  StringFromUriComponent: "hello",
  Char: "a",
  NonEmptyTrimmedString: "string",
  Capitalized: "String",
  Uppercased: "STRING"
}
