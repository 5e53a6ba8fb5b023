/**
 * Dockerfiles as data. The output is in a small part of the language, and every word is checked, so that no input becomes
 * an instruction, a directive, a variable or a here-document.
 */
import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ImageReference } from "../../Containerized/ImageReference.js"

/** The supported instructions, in exec form where that exists. */
export type Instruction = Data.TaggedEnum<{
  readonly From: { readonly image: string; readonly stage?: string | undefined }
  readonly WorkingFolder: { readonly path: string }
  readonly Copy: {
    readonly sources: ReadonlyArray<string>
    readonly target: string
    readonly stage?: string | undefined
  }
  readonly Run: { readonly command: ReadonlyArray<string> }
  readonly Variable: { readonly name: string; readonly value: string }
  readonly Label: { readonly name: string; readonly value: string }
  readonly User: { readonly user: string }
  readonly EntryPoint: { readonly command: ReadonlyArray<string> }
  /** Removes the health check and the default command of the base. */
  readonly NoHealthCheck: object
  readonly NoCommand: object
}>

export const Instruction = Data.taggedEnum<Instruction>()

/** A word that cannot be written into a Dockerfile. */
export class WordRefused extends Data.TaggedError("WordRefused")<{
  readonly instruction: Instruction["_tag"]
  readonly word: string
  readonly kind: string
}> {
  override get message(): string {
    return `${JSON.stringify(this.word)} cannot be ${this.kind} in the Dockerfile of an image.`
  }
}

/** The text of a Dockerfile, or the first word that is refused. */
export const render = (instructions: ReadonlyArray<Instruction>): Either.Either<string, WordRefused> =>
  instructions[0]?._tag === "From"
    ? Either.map(Either.all(instructions.map(line)), (lines) => `${lines.join("\n")}\n`)
    : Either.left(new WordRefused({ instruction: "From", word: "", kind: "the first base image" }))

// internal

const line = (instruction: Instruction): Either.Either<string, WordRefused> => {
  const word = (kind: keyof typeof kinds) => (text: string) =>
    kinds[kind].test(text)
      ? Either.right(text)
      : Either.left(new WordRefused({ instruction: instruction._tag, word: text, kind: kinds[kind].what }))
  const list = (kind: keyof typeof kinds, words: ReadonlyArray<string>) =>
    words.length === 0
      ? Either.left(new WordRefused({ instruction: instruction._tag, word: "", kind: kinds[kind].what }))
      : Either.map(Either.all(words.map(word(kind))), (checked) => JSON.stringify(checked))
  const pair = (keyword: string, kind: "variable" | "label", { name, value }: { name: string; value: string }) =>
    Either.map(Either.all([word(kind)(name), word("value")(value)]), ([name, value]) => `${keyword} ${name}="${value}"`)
  switch (instruction._tag) {
    case "From":
      return Either.map(
        Either.all([word("image")(instruction.image), optional(instruction.stage, word("stage"))]),
        ([image, stage]) => `FROM ${image}${Option.match(stage, { onNone: () => "", onSome: (name) => ` AS ${name}` })}`
      )
    case "WorkingFolder":
      return Either.map(word("path")(instruction.path), (path) => `WORKDIR ${path}`)
    case "Copy":
      return Either.map(
        Either.all([
          list("path", [...instruction.sources, instruction.target]),
          optional(instruction.stage, word("stage"))
        ]),
        ([paths, stage]) =>
          `COPY ${Option.match(stage, { onNone: () => "", onSome: (name) => `--from=${name} ` })}${paths}`
      )
    case "Run":
      return Either.map(list("argument", instruction.command), (command) => `RUN ${command}`)
    case "Variable":
      return pair("ENV", "variable", instruction)
    case "Label":
      return pair("LABEL", "label", instruction)
    case "User":
      return Either.map(word("user")(instruction.user), (user) => `USER ${user}`)
    case "EntryPoint":
      return Either.map(list("argument", instruction.command), (command) => `ENTRYPOINT ${command}`)
    case "NoHealthCheck":
      return Either.right("HEALTHCHECK NONE")
    case "NoCommand":
      return Either.right("CMD []")
  }
}

const optional = (text: string | undefined, check: (text: string) => Either.Either<string, WordRefused>) =>
  text === undefined ? Either.right(Option.none<string>()) : Either.map(check(text), Option.some)

const kind = (what: string, pattern: RegExp) => ({ what, test: (text: string) => pattern.test(text) })

/** None of these accepts a blank that would split a word, a line break, a backslash, a quote, `$`, a backtick or `<`. */
const kinds = {
  image: { what: "a base image", test: Schema.is(ImageReference) },
  stage: kind("the name of a stage", /^[a-z][a-z0-9-]{0,30}$/),
  path: kind("a path", /^(?!-)[A-Za-z0-9@._/+-]{1,300}$/),
  variable: kind("the name of a variable", /^[A-Z_][A-Z0-9_]{0,100}$/),
  label: kind("the name of a label", /^[a-z][a-z0-9]*(?:[.-][a-z0-9]+)*$/),
  value: kind("a value", /^[A-Za-z0-9 @%+,./:;=_()~!*-]{0,1000}$/),
  user: kind("a user by numbers", /^[0-9]{1,9}:[0-9]{1,9}$/),
  argument: kind("an argument", /^[ !#%&'()*+,./0-9:;=>?@A-Z[\]^_a-z{|}~-]{1,2000}$/)
} as const
