/** Files that never travel with a bundle or become part of an image, because they usually hold credentials. */

/**
 * The reason against a file or folder of that name; `undefined` if there is none.
 *
 * @param name the last part of its path
 */
export const refusalOf = (name: string): string | undefined =>
  refusals.find(({ pattern }) => pattern.test(name))?.reason

/**
 * True if the content of a file starts like a private key.
 *
 * @param head its first bytes; 4,096 are enough
 */
export const isPrivateKey = (head: Uint8Array): boolean =>
  /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-/.test(
    new TextDecoder("latin1").decode(head)
  )

// internal

const refusals: ReadonlyArray<{ readonly pattern: RegExp; readonly reason: string }> = [
  {
    pattern: /^\.env(?:rc)?(?:\..*)?$/i,
    reason: "files of environment variables usually hold credentials; use the settings `environment` and `secrets`"
  },
  { pattern: /^\.(?:git|hg|svn)$/i, reason: "the history of a repository must not be part of an image" },
  {
    pattern: /^\.(?:npmrc|yarnrc|yarnrc\.yml|netrc|pypirc|pgpass|git-credentials|htpasswd)$/i,
    reason: "it usually holds credentials"
  },
  {
    pattern: /^\.(?:ssh|aws|azure|kube|docker|gnupg|gcloud|effect-deployers)$/i,
    reason: "it is a folder of credentials"
  },
  { pattern: /\.(?:pem|key|p12|pfx|jks|keystore|kdbx|ppk)$/i, reason: "it is named like a key; give keys as secrets" },
  { pattern: /^id_/i, reason: "it is named like a private key of SSH; rename it if it is not one" },
  { pattern: /^node_modules$/i, reason: "the bundle brings its packages" }
]
