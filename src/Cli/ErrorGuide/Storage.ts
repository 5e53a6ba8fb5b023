/** Causes and remedies of errors about stores. */
import type { StorageError } from "../../Contract/ErrorKinds.js"
import type { Guide } from "./Guide.js"

export const guide: { readonly [Tag in StorageError["_tag"]]: Guide } = {
  StoreError: {
    cause:
      "The registry or a run store could not carry out an operation. The message has the reason: busy, full, read-only, corrupt, unreachable and others.",
    remedy:
      "Run `deployers doctor`. Free space on a full disk; check `registry.url` and the server for a registry on PostgreSQL."
  },
  SecretKeyError: {
    cause:
      "A secret cannot be read: the key file is missing, can be read by others, or is not the one that sealed the secret.",
    remedy: "Restore the file `key` of the home with the mode 600, or set the secret again."
  },
  ArtifactStoreError: {
    cause: "The store of artifacts could not write, read or remove a content.",
    remedy: "Check the reason in the message: free space, permissions, or the URL and the secret of an object store."
  },
  SessionMisfit: {
    cause: "The stored state of a session does not fit the schema of this version, or a value does not encode.",
    remedy:
      "Give the new schema a default for what is missing, or delete the session with `deployers session delete NAME ID`."
  },
  SessionUnavailable: {
    cause: "The states of sessions cannot be read or written: the service records nothing, or its store fails.",
    remedy: 'Use `recording: "durable"`, and check the store with `deployers doctor`.'
  }
}
