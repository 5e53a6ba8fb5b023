/** The facts that `deployers doctor` judges. Nothing is changed by reading them. */
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as Option from "effect/Option"
import type { Deployment } from "../../Deployment.js"
import type { EngineHost, EngineInfo, EngineVersion } from "../../Docker/DockerClient.js"
import type { Status } from "../../Local/ServiceManager.js"

/** A file or folder: its mode, none if it does not exist, or the reason why it cannot be read. */
export interface Place {
  readonly path: string
  readonly mode: Either.Either<Option.Option<number>, string>
}

/** The project around the working directory. */
export interface Project {
  readonly folder: string
  readonly copies: ReadonlyArray<EffectCopy>
  /** The program of its TypeScript. */
  readonly compiler: Option.Option<string>
}

/** An installed copy of the package `effect`. */
export interface EffectCopy {
  readonly folder: string
  readonly version: string
}

/** The disk of the home folder, or of the nearest folder above it that exists. */
export interface Disk {
  readonly path: string
  /** The type of the file system, such as `ext4` or `nfs`, if the machine shows it. */
  readonly type: Option.Option<string>
  readonly freeBytes: number
}

/** The file systems of the home and of the project, as their numbers. */
export interface Devices {
  readonly home: number
  readonly project: number
}

/** The ports that the machine gives to connections and to services without a port of their own. */
export interface PortRange {
  readonly first: number
  readonly last: number
}

/** The proxy that variables of the environment name. */
export interface ProxyVariables {
  /** The names of the variables that are set. */
  readonly names: ReadonlyArray<string>
  /** The hosts without a proxy, apart by commas. */
  readonly excepted: string
}

/** The reader of the process table, and whether it finds this process. */
export interface ProcessReading {
  readonly reader: string
  readonly self: Either.Either<boolean, string>
}

/** A deployment in the registry, beside its process. */
export interface DeploymentFacts {
  readonly deployment: Deployment
  /** False if the process of a local deployment is gone; none if that is not known. */
  readonly lives: Option.Option<boolean>
  /** The kind of an operation that was begun and that no process works on. */
  readonly interrupted: Option.Option<string>
  /** The port in its settings. */
  readonly fixedPort: Option.Option<number>
  /** True if the home has no bundle of its snapshot. */
  readonly lacksBundle: boolean
}

/** The content of the registry. */
export interface RegistryContent {
  readonly deployments: ReadonlyArray<DeploymentFacts>
  /** The time of its newest record. */
  readonly newest: Option.Option<DateTime.Utc>
}

/** The server of a registry on PostgreSQL. */
export interface ServerFacts {
  /** Host, port and name of the database. */
  readonly place: string
  readonly version: string
  /** False for a standby, and for a database that only reads. */
  readonly isWritable: boolean
  /** True if the network can neither read nor forge the traffic: it uses TLS or stays on this machine. */
  readonly isPrivate: boolean
}

/** The registry; without content if it does not exist, and the reason if it cannot be opened. */
export interface RegistryFacts {
  readonly path: string
  /** False if this user may not write the file or its folder. */
  readonly isWritable: boolean
  readonly content: Either.Either<Option.Option<RegistryContent>, string>
  /** Its server, if it is on PostgreSQL and opens. */
  readonly server?: ServerFacts | undefined
}

/** The container engine that the environment names. */
export interface EngineFacts {
  readonly host: EngineHost
  readonly version: EngineVersion
  readonly info: EngineInfo
  /** The name of this machine. */
  readonly hostname: string
}

/** Reads the facts of this machine. A fact that cannot be read is its own reason. */
export class Facts extends Context.Tag("effect-deployers/Cli/Facts")<
  Facts,
  {
    readonly node: Effect.Effect<string>
    /** None outside of a project. */
    readonly project: Effect.Effect<Option.Option<Project>>
    /** The version of the bundler, if it starts. */
    readonly bundler: Effect.Effect<Option.Option<string>>
    readonly home: Effect.Effect<Place>
    readonly key: Effect.Effect<Place>
    readonly disk: Effect.Effect<Either.Either<Disk, string>>
    readonly devices: Effect.Effect<Either.Either<Devices, string>>
    readonly registry: Effect.Effect<RegistryFacts>
    readonly now: Effect.Effect<DateTime.Utc>
    /** The reason why no port of loopback accepts a listener. */
    readonly loopback: Effect.Effect<Option.Option<string>>
    /** None if the machine does not show it. */
    readonly ports: Effect.Effect<Option.Option<PortRange>>
    /** The fixed ports of deployments without a process that another program has. */
    readonly takenPorts: Effect.Effect<ReadonlyArray<number>>
    readonly proxy: Effect.Effect<ProxyVariables>
    readonly processes: Effect.Effect<ProcessReading>
    readonly supervisor: Effect.Effect<Either.Either<Status, string>>
    readonly engine: Effect.Effect<Either.Either<EngineFacts, string>>
  }
>() {}
