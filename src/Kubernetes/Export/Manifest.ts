/** The manifest of the pods of an exported deployment. It is in a repository, so it has no secret. */
import type { Manifest } from "../../Contract/Manifest.js"
import type { Described } from "../Objects/Context.js"
import { manifestOf } from "../Objects/Files.js"

/** The manifest without the digests of keys, which are in the Secret. */
export const exportedManifest = (request: Described): Manifest => ({
  ...manifestOf(request),
  // A runtime of an earlier version knows only these digests, and serves every caller without any. No key has this one.
  authKeyDigests: request.keys === undefined ? [] : ["0".repeat(64)]
})
