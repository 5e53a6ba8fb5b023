/** Reads ports and processes of the machine, and whether its bundler starts. */
import * as Net from "node:net"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ports from "../../Flavor/Ports.js"
import { readerOfThisMachine } from "../../Local/ProcessReader.js"
import { Machine } from "../../Local/ServiceManager/Machine.js"
import type { PortRange, ProcessReading, ProxyVariables } from "./Facts.js"

/** The reason why no port of 127.0.0.1 accepts a listener. */
export const loopback: Effect.Effect<Option.Option<string>> = Effect.async((resume) => {
  const server = Net.createServer()
  server.once("error", ({ message }) => resume(Effect.succeedSome(message)))
  server.listen(0, "127.0.0.1", () => server.close(() => resume(Effect.succeedNone)))
  return Effect.sync(() => server.close())
})

/** The version of the bundler, if it starts. */
export const bundler: Effect.Effect<Option.Option<string>> = Effect.tryPromise(async () => {
  const esbuild = await import("esbuild")
  try {
    await esbuild.transform("const one: number = 1", { loader: "ts" })
    return esbuild.version
  } finally {
    await esbuild.stop()
  }
}).pipe(Effect.timeout("20 seconds"), Effect.option)

/** The range of ports that the machine gives away. */
export const ports: Effect.Effect<Option.Option<PortRange>, never, FileSystem.FileSystem | Machine> = Effect.gen(
  function* () {
    const { platform, run } = yield* Machine
    if (platform !== "linux") {
      const names = ["net.inet.ip.portrange.first", "net.inet.ip.portrange.last"]
      return parsePortRange((yield* run("sysctl", ["-n", ...names])).output)
    }
    const fs = yield* FileSystem.FileSystem
    return Option.flatMap(
      yield* Effect.option(fs.readFileString("/proc/sys/net/ipv4/ip_local_port_range")),
      parsePortRange
    )
  }
)

/** Two numbers, apart by a tab in `/proc` and by a line break in the output of `sysctl`. */
export const parsePortRange = (text: string): Option.Option<PortRange> => {
  const [, first, last] = /^\s*(\d+)\s+(\d+)\s*$/.exec(text) ?? []
  return first === undefined ? Option.none() : Option.some({ first: Number(first), last: Number(last) })
}

/** The ports of 127.0.0.1 that do not accept a listener. */
export const takenOf = (wanted: ReadonlyArray<number>): Effect.Effect<ReadonlyArray<number>, never, Ports.Ports> =>
  Effect.flatMap(Ports.Ports, ({ probe }) =>
    Effect.filter(wanted, (port) => Effect.map(probe("127.0.0.1", port), (verdict) => verdict === "taken"))
  )

/** The proxy of the environment. Programs read these names in both cases of letters. */
export const proxy: Effect.Effect<ProxyVariables> = Effect.gen(function* () {
  const found = yield* Effect.forEach(["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"], (name) =>
    Effect.map(variable(name), (value) => (value === "" ? [] : [name]))
  )
  const excepted = yield* Effect.forEach(["NO_PROXY", "no_proxy"], variable)
  return { names: found.flat(), excepted: excepted.join(",") }
})

const variable = (name: string): Effect.Effect<string> =>
  Effect.orElseSucceed(Config.withDefault(Config.string(name), ""), () => "")

/** Looks for this process in the process table. */
export const processes: Effect.Effect<ProcessReading> = Effect.gen(function* () {
  const reader = yield* Effect.sync(readerOfThisMachine)
  const self = yield* Effect.either(
    Effect.try({
      try: () => reader.one(process.pid)?.dead === false,
      catch: (cause) => (cause instanceof Error ? cause.message : String(cause))
    })
  )
  return { reader: reader.name, self }
})
