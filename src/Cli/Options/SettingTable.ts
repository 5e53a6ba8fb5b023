/**
 * The settings of a deployment that are options of `deployers deploy` under their own names, with the kinds of their values. A
 * setting without a row here, and without an option of its own shape, does not compile.
 */
import type { DockerSettingsInput } from "../../Docker/Settings.js"
import type { KubernetesSettingsInput } from "../../Kubernetes/Settings.js"
import type { LocalSettingsInput } from "../../Local/Settings.js"
import type * as Settings from "../../Settings.js"
import type { SwarmSettingsInput } from "../../Swarm/Settings.js"

/** The place of a setting: beside others, or in a group of them. */
export type Group = "deployment" | "serving" | "recovery"

/** The kind of a value: how it is written, and what it means. */
export type Kind =
  | { readonly _tag: "text"; readonly placeholder: string }
  | { readonly _tag: "texts"; readonly placeholder: string }
  | { readonly _tag: "choice"; readonly literals: ReadonlyArray<string> }
  | { readonly _tag: "choices"; readonly literals: ReadonlyArray<string> }
  | { readonly _tag: "count" | "size" | "duration" | "switch" }
  | { readonly _tag: "json"; readonly example: string }

export interface Flag {
  readonly kind: Kind
  readonly description: string
}

/** A setting with its option. */
export interface Setting extends Flag {
  readonly group: Group
  readonly field: string
}

/** All of these settings, in the order of the help. */
export const all = (): ReadonlyArray<Setting> => [
  ...settingsIn("deployment", deployment),
  ...settingsIn("recovery", recovery),
  ...settingsIn("serving", serving)
]

// internal

type Table<Names extends string> = { readonly [Name in Names]: Flag }

const text = (placeholder: string, description: string): Flag => ({ kind: { _tag: "text", placeholder }, description })
const texts = (placeholder: string, description: string): Flag => ({
  kind: { _tag: "texts", placeholder },
  description
})
const count = (description: string): Flag => ({ kind: { _tag: "count" }, description })
const size = (description: string): Flag => ({ kind: { _tag: "size" }, description })
const time = (description: string): Flag => ({ kind: { _tag: "duration" }, description })
const onOff = (description: string): Flag => ({ kind: { _tag: "switch" }, description })
const json = (example: string, description: string): Flag => ({ kind: { _tag: "json", example }, description })
const choice = (literals: ReadonlyArray<string>, description: string): Flag => ({
  kind: { _tag: "choice", literals },
  description
})
const choices = (literals: ReadonlyArray<string>, description: string): Flag => ({
  kind: { _tag: "choices", literals },
  description
})

const path = (of: string): Flag => text("path", `The path of ${of}.`)

const serving: Table<Exclude<keyof Settings.ServingInput, "workers" | "keepRuns" | "logLevel">> = {
  rootUrlPath: text("path", "Prefix of every path; default none."),
  apiUrlPath: text("path", "Prefix of the paths of the API, after that of every path; default none."),
  invokeUrlPath: path("invoke; default /invoke"),
  runsUrlPath: path("runs; default /runs"),
  sessionsUrlPath: path("sessions; default /sessions"),
  schedulesUrlPath: path("schedules; default /schedules"),
  triggersUrlPath: path("triggers; default /triggers"),
  webhooksUrlPath: path("webhooks; default /webhooks"),
  mcpUrlPath: path("the endpoint of the Model Context Protocol; default /mcp"),
  healthUrlPath: path("health; default /health"),
  infoUrlPath: path("info; default /info"),
  metricsUrlPath: path("metrics; default /metrics"),
  docsUrlPath: path("the documentation; default /docs"),
  openApiUrlPath: path("the OpenAPI document; default /openapi.json"),
  pageUrlPath: path("the page; default /"),
  proofUrlPath: path("the proof of a service; default /proof"),
  disabledEndpoints: choices(
    ["invoke", "runs", "sessions", "schedules", "triggers", "webhooks", "mcp", "info", "metrics", "docs", "page"],
    "An endpoint that is switched off; can be repeated."
  ),
  protectedEndpoints: choices(
    ["info", "metrics", "docs", "page"],
    "An endpoint, besides invoke and runs, that asks for the key; can be repeated."
  ),
  publicEndpoints: choices(["invoke", "runs"], "An endpoint that asks for no key; can be repeated."),
  recording: choice(
    ["durable", "relaxed", "none"],
    "The record of a run when its caller is answered; default durable."
  ),
  runStoreSecret: text(
    "NAME",
    "The secret with the URL of the PostgreSQL database that keeps the runs; default a file of the instance."
  ),
  recovery: choice(["fail", "rerun", "resume"], "The fate of runs whose process ends before them; default fail."),
  durability: choice(
    ["run", "step"],
    "The results on record before a run continues; default step with recovery resume."
  ),
  maxRecoveries: count("Processes that may die with a run before it fails; default 5."),
  runSchedules: onOff("Start runs by the schedules of the pipeline, which is the default"),
  runTriggers: onOff("Take messages by the triggers of the pipeline, which is the default"),
  keepRunsMillis: time("The time to keep a run that ended; default for ever."),
  maxBodyBytes: size("The largest request body; default 1m."),
  maxJsonDepth: count("The deepest nesting of JSON; default 64."),
  maxOutputBytes: size("The largest outputs of a run; default 4m."),
  maxErrorBytes: size("The largest typed failure of a run or a step; default 1m."),
  maxEventBytes: size("The largest published message and recorded output of a step; default 1m."),
  maxRunBytes: size("The most bytes that one run records before its end; default 16m."),
  maxStepsPerRun: count("The most recorded calls of steps in one run; default 10000."),
  maxEventsPerRun: count("The most events of one run; default 100000."),
  maxStreams: count("The most open streams of events; default 1000."),
  maxLogLineBytes: size("The longest line of the log; default 64k."),
  maxRunLogBytes: size("The most log that is kept with a run; default 256k."),
  artifactBytes: size("The size from which outputs of steps are artifacts; default none."),
  maxArtifactBytes: size("The largest artifact; default 64m."),
  requestTimeoutMillis: time("The deadline of a run if its caller sets none; default 5m."),
  maxConcurrency: count("The most concurrent runs; default 256."),
  maxQueue: count("The most runs that wait for a place; default 1024."),
  keepAliveTimeoutMillis: time("The time that an idle connection stays open; default 75s."),
  headersTimeoutMillis: time("The time for the headers of a request to arrive; default 10s."),
  receiveTimeoutMillis: time("The time for a whole request to arrive; default 30s."),
  maxRequestsPerConnection: count("The most requests on one connection; default no limit."),
  allowedHosts: texts("HOST", "A name that the Host header may have, such as *.example.com; can be repeated."),
  trustedProxies: texts(
    "ADDRESS",
    "A proxy whose X-Forwarded headers are believed, such as 10.0.0.0/8; can be repeated."
  ),
  webhooks: json(
    '{"to":{"orders":{"url":"https://example.com/runs"}}}',
    "The services that are called when a run ends; default none."
  ),
  cors: json('{"origins":["https://app.example.com"]}', "The rules for web pages of other origins; default none."),
  secureHeaders: json('{"strictTransportSecurity":false}', "The headers that make browsers careful."),
  static: json('{"folder":"web/dist"}', "The files that the service serves; default none."),
  about: json('{"title":"Weather"}', "The service in words, for its document and its pages."),
  compression: onOff("Compress responses for callers that accept it, which is the default"),
  onUncaughtError: choice(
    ["restart", "continue"],
    "The end of a process after an error that no run catches; default restart."
  ),
  drainTimeoutMillis: time("The time for running runs to finish at the end of a process; default 25s.")
}

const recovery: Table<Exclude<keyof NonNullable<Settings.DeploymentInput["recovery"]>, "mode">> = {
  maxRestarts: count("Restarts within the window that make a crash loop; default 5."),
  windowMillis: time("The window of a crash loop; default 10m."),
  backoffMillis: time("The time from the first restart to the second; default 1s."),
  maxBackoffMillis: time("The longest time between two starts; default 60s."),
  unhealthyMillis: time("The longest time without a passed health check; default 60s.")
}

/** The settings whose options have a shape of their own, those that are fields of others, and earlier names. */
type Own =
  | ("auth" | "environment" | "secrets" | "timeoutMillis" | "restart" | "port" | "address")
  | ("memory" | "cpus" | "gpus" | "base" | "shell" | "fonts" | "door" | "extraHosts" | "volumes")
  | ("serving" | "recovery")
  | ("host" | "lingerMillis" | "memoryBytes" | "restartPolicy")

const deployment: Table<
  Exclude<
    keyof DockerSettingsInput | keyof LocalSettingsInput | keyof SwarmSettingsInput | keyof KubernetesSettingsInput,
    Own
  >
> = {
  secretsInEnvironment: texts("NAME", "A secret that becomes an environment variable, too; can be repeated."),
  minHealthyMillis: time("The time that a new instance is healthy before it gets callers; default 1s."),
  oldInstanceGraceMillis: time("The time that a replaced instance serves after the switch; default 1s."),
  stopGraceMillis: time("The time from the stop signal to the kill of a process; default 30s."),
  logMaxBytes: size("The largest size of one log file; default 10m."),
  logKeep: count("The most log files; default 3."),
  nodeArguments: json('{"maxOldSpaceMb":512}', "The options of Node for a local process."),
  portRange: json('{"from":20000,"to":31999}', "The ports of containers to choose from."),
  pidsLimit: count("The most processes and threads of a container; default 256."),
  tmpfsBytes: size("The size of /tmp of a container; default 64m."),
  network: text("NAME", "An existing network for a container to join; default one of its own."),
  healthcheck: onOff("Run the health check of the engine, too, which is the default"),
  imageRepository: text("REPOSITORY", "The repository of a registry that the image is pushed to; default none."),
  image: json('{"base":{"_tag":"host"}}', "The content of the image."),
  replicas: count(
    "The tasks of a service of a swarm, or the pods in a cluster; default those that it has, at first 1."
  ),
  updateParallelism: count("The tasks of a service that an update replaces at the same time; default 1."),
  constraints: texts(
    "CONSTRAINT",
    "A condition on the nodes of a service, such as node.role==worker; can be repeated."
  ),
  publish: choice(["door", "mesh"], "The way of callers to the tasks of a service; default door."),
  openFiles: count("The most open files of a task of a service; default 4096."),
  dataBytes: size("The size of /data of a task without a volume; default 64m."),
  healthIntervalMillis: time("The time between two health checks of a task; default 5s."),
  namespace: text("NAME", "The namespace of the pods; default that of the context."),
  autoscale: json('{"min":2,"max":10}', "An autoscaler for the pods in place of a number of them; default none."),
  cpuRequest: json("0.5", "The processors that a node keeps for a pod; default 0.1."),
  exposure: choice(["clusterIp", "nodePort", "ingress"], "The way of callers to the pods; default clusterIp."),
  servicePort: count("The port of the Service of the pods; default 80."),
  nodePort: count("The port of the nodes with the exposure nodePort; default one that the cluster chooses."),
  ingress: json('{"host":"weather.example.com"}', "The Ingress with the exposure ingress."),
  networkPolicy: onOff("Let nothing but the port of the service into the pods, which is the default"),
  nodeSelector: json('{"disk":"ssd"}', "The labels of the nodes for the pods; default none."),
  tolerations: json('[{"key":"gpu"}]', "The taints of nodes that the pods tolerate; default none."),
  serviceAccount: text("NAME", "The account of the pods; default that of the namespace."),
  pullSecrets: texts("NAME", "A Secret with the credentials of the registry of images; can be repeated."),
  dataClaim: text("NAME", "The claim of the volume of a pod with its run store; default none."),
  stopDelayMillis: time("The time that a pod accepts runs after its stop signal; default 5s."),
  schedulingMillis: time("The time that a pod may wait for a node with room; default 10s."),
  force: onOff("Take over the fields of objects that others changed by hand"),
  run: json('{"dns":["10.0.0.2"]}', "More options of the container: labels, dns, groups, openFiles.")
}

const settingsIn = (group: Group, table: Table<string>): ReadonlyArray<Setting> =>
  Object.entries(table).map(([field, flag]) => ({ group, field, ...flag }))
