/** The proof that a service gives to a caller before the caller sends its key. */
import { createHmac } from "node:crypto"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import { InvalidRequest } from "../../Contract/Errors.js"
import type { Manifest } from "../../Contract/Manifest.js"
import * as Proof from "../../Contract/Proof.js"
import { isLoopback, isLoopbackAuthority } from "../../Internal/Loopback.js"
import * as Response from "../Run/Response.js"
import * as ValidationIssues from "../Run/ValidationIssues.js"
import * as AllowedHosts from "./AllowedHosts.js"

/** Answers the question in the query of a URL. `localPort` is the port of the connection, if it is known. */
export type Prover = (url: string | undefined, localPort: number | undefined) => Response.Response

/**
 * Makes the prover of a service.
 *
 * @param digests the digests of the keys that are live now
 */
export const make = (manifest: Manifest, digests: () => ReadonlyArray<string>): Prover => {
  const isOwn = ownAuthority(manifest)
  const { id } = manifest.deployment
  return (url, localPort) => {
    const decoded = decode(Object.fromEntries(new URLSearchParams(queryOf(url))))
    if (Either.isLeft(decoded))
      return Response.ofError(ValidationIssues.invalidRequest(ValidationIssues.fromParseIssue(decoded.left)))
    const challenge = decoded.right
    if (!isOwn(challenge.authority, localPort)) return Response.ofError(foreign)
    const signed = Proof.text(challenge, id)
    const secrets = [...(manifest.proofSecret === undefined ? [] : [manifest.proofSecret]), ...digests()]
    const proofs = secrets.map((secret) =>
      createHmac("sha256", Buffer.from(secret, "hex")).update(signed).digest("hex")
    )
    return Response.ofJson(200, JSON.stringify({ deploymentId: id, proofs } satisfies Proof.Proof))
  }
}

// internal

const decode = ParseResult.decodeUnknownEither(Proof.Challenge, { errors: "all" })

const foreign = new InvalidRequest({
  message:
    "This service does not have the given authority, so it proves nothing there. The setting allowedHosts lists the names of a service behind a proxy.",
  issues: []
})

const queryOf = (url = ""): string => {
  const start = url.indexOf("?")
  return start === -1 ? "" : url.slice(start + 1)
}

/**
 * A service knows its port, and the port at which an engine publishes it. Behind a proxy it has other names and ports: those of `allowedHosts`. A program that owns the
 * socket and does not report it (`localPort`) answers for any port.
 */
const ownAuthority = ({ door, listen, publishedPort, serving }: Manifest) => {
  const isAllowed = AllowedHosts.make(
    serving.allowedHosts,
    publishedPort === undefined && isLoopback((door ?? listen).host)
  )
  return (authority: string, localPort: number | undefined): boolean => {
    if (isAllowed(authority) !== undefined) return false
    if (serving.allowedHosts.length > 0 && !isLoopbackAuthority(authority)) return true
    const port = portOf(authority)
    return localPort === undefined || port === localPort || port === publishedPort
  }
}

const portOf = (authority: string): number => Number(/:(\d{1,5})$/.exec(authority)?.[1] ?? "80")
