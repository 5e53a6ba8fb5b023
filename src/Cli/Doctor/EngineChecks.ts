/** Checks of the container engine. Only `--deployer docker` needs one, so that none of them is a fault. Pure. */
import * as Either from "effect/Either"
import type { EngineFacts } from "./Facts.js"
import { type Finding, ok, warning } from "./Finding.js"

/** An engine answers, and no other machine reads its traffic. */
export const engine = (facts: Either.Either<EngineFacts, string>): Finding =>
  Either.match(facts, {
    onLeft: (reason) =>
      warning(
        `No container engine can be used: ${reason}`,
        "Start an engine, or set DOCKER_HOST to one, to deploy with --deployer docker. Local deployments need none."
      ),
    onRight: ({ host, info, version }) => {
      const owner = info.rootless ? ", rootless" : ""
      const where = host.remote ? `${host.url}, another machine` : host.url
      const detail = `engine ${info.version} (API ${version.apiVersion}, ${info.os}, ${info.architecture}${owner}) at ${where}`
      return host.private
        ? ok(detail)
        : // Without TLS, machines on the way read secrets and act as root on the engine.
          warning(
            `${detail}, without TLS`,
            "Configure the engine to listen with TLS, and set DOCKER_TLS_VERIFY and DOCKER_CERT_PATH."
          )
    }
  })

/** The engine sees the files of this machine. One in a virtual machine, or outside of this container, sees a part of them. */
export const files = (facts: Either.Either<EngineFacts, string>, home: string): Finding =>
  Either.match(facts, {
    onLeft: () => ok("no engine"),
    onRight: ({ host, hostname, info }) => {
      if (host.remote) return ok("the engine is another machine; files travel to it in volumes")
      return info.name === hostname
        ? ok("the engine has the files of this machine")
        : warning(
            `The engine runs on ${info.name}, this command on ${hostname}: containers see ${home} only if both share it.`,
            "Share the home folder with the engine at the same path (Docker Desktop: Settings, Resources, File sharing; in a container: the same mount), or set DEPLOYERS_HOME to a shared folder."
          )
    }
  })
