/** Causes and remedies of the findings of `deployers doctor`. */
import type { checkCodes } from "./CheckCodes.js"
import type { Guide } from "./Guide.js"

export const guide: { readonly [Check in keyof typeof checkCodes]: Guide } = {
  node: {
    cause: "Node is older than 20.19.",
    remedy: "Install a maintained version of Node."
  },
  bundler: {
    cause: "esbuild does not start, because its program for this machine is missing.",
    remedy: "Run `npm rebuild esbuild`, or install again without `--ignore-scripts` and on the machine that runs it."
  },
  effect: {
    cause:
      "The project has no copy of `effect`, several copies, whose values are unknown to each other, or a version that forgets interrupts (3.22.3, 3.22.4).",
    remedy:
      "Run `npm dedupe` or `npm install`, and align the versions of `@effect/*` packages; for the version, `npm install effect@3.22.2`."
  },
  typescript: {
    cause: "The project has no TypeScript, so that `deploy` checks no types.",
    remedy: "Run `npm install --save-dev typescript`."
  },
  "home folder": {
    cause: "Other users can read the home folder, or it cannot be read.",
    remedy: "Run `chmod 700` on it."
  },
  "key file": {
    cause: "Other users can read the key that seals secrets, or it cannot be read.",
    remedy: "Run `chmod 600` on it, and set secrets anew if others may have read it."
  },
  "file system": {
    cause: "The home is on a network disk, where the locks of SQLite are not reliable.",
    remedy: "Set `DEPLOYERS_HOME` to a folder on a disk of the machine, or use a registry on PostgreSQL."
  },
  "disk space": {
    cause: "The disk of the home has little free space.",
    remedy: "Free space, or delete deployments and snapshots that are not needed."
  },
  "hard links": {
    cause: "The home and the working directory are on different file systems, so that files are copied.",
    remedy: "Move one of them if copies take too long or too much space."
  },
  registry: {
    cause:
      "The registry does not open or cannot be written: a damaged file, a lock, permissions, or a server that cannot be reached.",
    remedy: "Follow the detail of the finding."
  },
  deployments: {
    cause:
      "A deployment has failed, its process is gone, it cannot be observed, or an operation on it was interrupted and left its lease.",
    remedy: "Run `deployers reconcile --dry-run`, then `deployers reconcile`."
  },
  bundles: {
    cause: "The home has no bundle of a snapshot that a deployment serves.",
    remedy: "Deploy the file again."
  },
  supervisor: {
    cause: "No supervisor runs, or the machine does not start it.",
    remedy: "Run `deployers supervise --install`."
  },
  clock: {
    cause: "The clock is before the newest record of the registry.",
    remedy: "Let the machine synchronize its clock."
  },
  "process table": {
    cause: "The table of processes cannot be read.",
    remedy: "Mount `/proc`, or install `ps`."
  },
  network: {
    cause: "127.0.0.1 accepts no listener.",
    remedy: "Check the network settings of the machine or the container."
  },
  ports: {
    cause: "A fixed port is in the range that the machine gives to any program, or the range is small.",
    remedy: "Choose a port outside of the range, or widen the range."
  },
  "fixed ports": {
    cause: "Another program has the port of a deployment that is stopped.",
    remedy: "End that program, or deploy with another `--port`."
  },
  proxy: {
    cause: "A proxy of the environment gets requests for this machine.",
    remedy: "Add `127.0.0.1` and `localhost` to `NO_PROXY`."
  },
  engine: {
    cause: "No container engine can be used, or its traffic has no TLS.",
    remedy: "Start an engine, or set `DOCKER_HOST`; configure TLS for one on another machine."
  },
  "engine files": {
    cause: "The engine runs in a virtual machine or outside of this container, and sees shared folders only.",
    remedy: "Share the home folder with it, at the same path."
  }
}
