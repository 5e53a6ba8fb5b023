// An image service: a picture comes in a form, and leaves in another size and format.
import { HttpApiSchema } from "@effect/platform"
import { Effect, Option, Schema } from "effect"
import { File, Input, Output, Pipeline, Step } from "effect-deployers"
import sharp from "sharp"

/** A decoded picture takes four bytes for each pixel. */
const maxPixels = 24_000_000

const Picture = Input.file({ maxBytes: 20_000_000, contentTypes: ["image/*"], description: "the picture" })

const Side = Schema.Int.pipe(Schema.between(1, 4_096))

const orDefault = <A extends string | number>(schema: Schema.Schema<A>, value: A) =>
  Schema.optionalWith(schema, { default: () => value })

/** The bytes of the file are not a picture, or are damaged. */
export class NotAnImage extends Schema.TaggedError<NotAnImage>()("NotAnImage", { file: Schema.String }) {
  override get message(): string {
    return `"${this.file}" is not a picture that can be read; send PNG, JPEG, WebP, AVIF, GIF, TIFF or SVG.`
  }
}

/** The picture would take too much memory. */
export class TooManyPixels extends Schema.TaggedError<TooManyPixels>()(
  "TooManyPixels",
  { pixels: Schema.Int, maximum: Schema.Int },
  HttpApiSchema.annotations({ status: 413 })
) {
  override get message(): string {
    return `The picture has ${this.pixels} pixels, and ${this.maximum} are permitted; send a smaller one.`
  }
}

/** Reads the head of a file only, so a picture that claims a billion pixels takes no memory. */
const measure = Step.make("measure", {
  input: Schema.Struct({ picture: Picture }),
  output: Schema.Struct({ format: Schema.String, width: Schema.Int, height: Schema.Int }),
  error: Schema.Union(NotAnImage, TooManyPixels),
  run: ({ picture }) =>
    Effect.gen(function* () {
      const { format, height, width } = yield* reading(picture, async (bytes) =>
        sharp(bytes, { limitInputPixels: false }).metadata()
      )
      const pixels = width * height
      if (pixels > maxPixels) return yield* new TooManyPixels({ pixels, maximum: maxPixels })
      return { format, width, height }
    })
})

/** Resizes a picture, turns it as its camera was held, and removes what it tells of the camera and the place. */
export const image = Pipeline.make("image", {
  description: "A picture in another size and format.",
  input: Schema.Struct({
    picture: Picture,
    width: Schema.optional(Side),
    height: Schema.optional(Side),
    fit: orDefault(Schema.Literal("inside", "cover", "contain"), "inside"),
    format: orDefault(Schema.Literal("webp", "avif", "jpeg", "png"), "webp"),
    quality: orDefault(Schema.Int.pipe(Schema.between(1, 100)), 80)
  }),
  output: Output.file({ contentType: "image/*" }),
  error: Schema.Union(NotAnImage, TooManyPixels),
  settings: { maxOutputBytes: 20_000_000, maxConcurrency: 4 },
  run: ({ fit, format, height, picture, quality, width }) =>
    Effect.gen(function* () {
      yield* measure({ picture })
      const bytes = yield* reading(picture, (source) =>
        sharp(source, { limitInputPixels: maxPixels })
          .autoOrient()
          .resize({ width, height, fit, withoutEnlargement: fit === "inside" })
          .toFormat(format, { quality })
          .toBuffer()
      )
      const name = `${picture.name.replace(/\.[^.]*$/, "")}.${format}`
      return yield* File.fromBytes(bytes, { name, contentType: `image/${format}` })
    })
})

// internal

/** Gives the library the file on disk; a file of a unit test has its bytes only. */
const reading = <A>(picture: File.File, read: (source: string | Uint8Array) => Promise<A>) =>
  Effect.flatMap(
    Option.match(picture.path, { onNone: () => picture.bytes, onSome: (path) => Effect.succeed(path) }),
    (source: string | Uint8Array) =>
      Effect.tryPromise({ try: () => read(source), catch: () => new NotAnImage({ file: picture.name }) })
  )
