/**
 * Seals secrets with AES-256-GCM so that they can rest in a database. A sealed value opens only in the place it was
 * sealed for: the place is authenticated with it.
 */
import * as Crypto from "node:crypto"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import { SecretKeyError } from "../../Errors/Stores.js"
import * as KeyFile from "./KeyFile.js"

export type { Key } from "./KeyFile.js"

/**
 * A sealed secret as text (version, nonce, ciphertext and tag).
 *
 * @category models
 * @since 0.1.0
 */
export type Sealed = string

/**
 * Seals and opens secrets with the key of the owner.
 *
 * @category services
 * @since 0.1.0
 */
export class SecretBox extends Context.Tag("effect-deployers/Store/SecretBox")<
  SecretBox,
  {
    /** Seals a secret for a place, such as `secrets/API_TOKEN/value`. */
    readonly seal: (place: string, secret: Redacted.Redacted) => Effect.Effect<Sealed, SecretKeyError>
    /** Opens what was sealed for the same place. */
    readonly open: (place: string, sealed: Sealed) => Effect.Effect<Redacted.Redacted, SecretKeyError>
    /**
     * The secret (256 bits, hex) of a place, which follows from the key and is stored nowhere. `sealing` may make the key, as
     * `seal` does.
     */
    readonly derive: (place: string, use: "sealing" | "opening") => Effect.Effect<Redacted.Redacted, SecretKeyError>
  }
>() {}

const version = "v1"
const cipher = "aes-256-gcm"
const nonceBytes = 12
const tagBytes = 16

const associated = (place: string) => Buffer.from(`effect-deployers/${version}/${place}`, "utf8")

const encrypt = (key: KeyFile.Key, place: string, secret: Redacted.Redacted): Sealed => {
  const nonce = Crypto.randomBytes(nonceBytes)
  const gcm = Crypto.createCipheriv(cipher, Redacted.value(key), nonce, { authTagLength: tagBytes })
  gcm.setAAD(associated(place))
  const body = Buffer.concat([gcm.update(Redacted.value(secret), "utf8"), gcm.final(), gcm.getAuthTag()])
  return `${version}.${nonce.toString("base64url")}.${body.toString("base64url")}`
}

const undecryptable = (path: string | undefined) => new SecretKeyError({ reason: "undecryptable", path })

/** Decoding is lenient about trailing bits and foreign characters; sealed text is not. */
const exactBytes = (text: string | undefined): Buffer | undefined => {
  const bytes = Buffer.from(text ?? "", "base64url")
  return bytes.toString("base64url") === text ? bytes : undefined
}

const decrypt = (key: KeyFile.Key, place: string, sealed: Sealed, path: string | undefined): Redacted.Redacted => {
  const [format, nonceText, bodyText, ...rest] = sealed.split(".")
  const nonce = exactBytes(nonceText)
  const body = exactBytes(bodyText)
  const wellFormed = format === version && rest.length === 0 && nonce?.length === nonceBytes
  if (!wellFormed || body === undefined || body.length < tagBytes) throw undecryptable(path)
  const gcm = Crypto.createDecipheriv(cipher, Redacted.value(key), nonce, { authTagLength: tagBytes })
  gcm.setAAD(associated(place))
  gcm.setAuthTag(body.subarray(body.length - tagBytes))
  const plain = Buffer.concat([gcm.update(body.subarray(0, body.length - tagBytes)), gcm.final()])
  return Redacted.make(plain.toString("utf8"))
}

/**
 * A box from two ways to get its key: one for sealing, which may make it, and one for opening, which must find it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (keys: {
  readonly forSealing: Effect.Effect<KeyFile.Key, SecretKeyError>
  readonly forOpening: Effect.Effect<KeyFile.Key, SecretKeyError>
  /** The key file, for error messages. */
  readonly path?: string | undefined
}): SecretBox["Type"] => ({
  seal: (place, secret) => Effect.map(keys.forSealing, (key) => encrypt(key, place, secret)),
  open: (place, sealed) =>
    Effect.flatMap(keys.forOpening, (key) =>
      Effect.try({ try: () => decrypt(key, place, sealed, keys.path), catch: () => undecryptable(keys.path) })
    ),
  derive: (place, use) =>
    Effect.map(use === "sealing" ? keys.forSealing : keys.forOpening, (key) =>
      Redacted.make(
        Crypto.createHmac("sha256", Redacted.value(key))
          .update(`effect-deployers/${version}/derive/${place}`)
          .digest("hex")
      )
    )
})

/**
 * A box whose key is in a file (32 random bytes, mode 0600). The file is read when it is first needed. Only sealing
 * makes a missing one, and only if `holdsSecrets` says that nothing was sealed yet: a key that got lost is reported as
 * `missing`, never replaced.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerFile = (
  path: string,
  options?: { readonly holdsSecrets?: Effect.Effect<boolean> | undefined }
): Layer.Layer<SecretBox> =>
  Layer.effect(
    SecretBox,
    Effect.gen(function* () {
      const known = yield* Ref.make<KeyFile.Key | undefined>(undefined)
      const remembering = (load: Effect.Effect<KeyFile.Key, SecretKeyError>) =>
        Effect.flatMap(Ref.get(known), (key) =>
          key === undefined ? Effect.tap(load, (loaded) => Ref.set(known, loaded)) : Effect.succeed(key)
        )
      const createUnlessNeeded = (error: SecretKeyError) =>
        Effect.if(options?.holdsSecrets ?? Effect.succeed(false), {
          onTrue: () => Effect.fail(error),
          onFalse: () => KeyFile.create(path)
        })
      const find = KeyFile.read(path)
      const findOrCreate = Effect.catchIf(find, (error) => error.reason === "missing", createUnlessNeeded)
      return make({ forSealing: remembering(findOrCreate), forOpening: remembering(find), path })
    })
  )

/**
 * A box with a fixed key that everybody knows, for tests.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerTest: Layer.Layer<SecretBox> = Layer.sync(SecretBox, () => {
  const key = Effect.succeed<KeyFile.Key>(Redacted.make(new Uint8Array(KeyFile.keyBytes).fill(7)))
  return make({ forSealing: key, forOpening: key })
})
