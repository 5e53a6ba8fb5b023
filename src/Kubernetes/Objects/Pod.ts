/** The pods of a generation. They pass the restricted profile of Pod Security. */
import type { V1Container, V1PodSpec, V1Probe, V1Volume } from "@kubernetes/client-node"
import { user } from "../../Containerized/Layout.js"
import { publishedPortVariable } from "../../Contract/Manifest.js"
import * as Routes from "../../Contract/Routes.js"
import { bytesOf, heapMegabytes } from "../../Settings/Size.js"
import { workersOf } from "../../Settings.js"
import type { KubernetesSettings } from "../Settings.js"
import type { Described, Parts } from "./Context.js"
import { entries, inside, intakeEntry } from "./Files.js"

/** The name of the container of a pod. */
export const container = "service"

/** The pods of a generation, whose files are in a Secret. */
export const podSpec = (parts: Parts): V1PodSpec => {
  const { identity, request } = parts
  const { settings } = request
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: user.uid,
      runAsGroup: user.gid,
      fsGroup: user.gid,
      seccompProfile: { type: "RuntimeDefault" }
    },
    terminationGracePeriodSeconds: stopSeconds(settings),
    containers: [serviceContainer(parts)],
    volumes: volumesOf(parts),
    ...(settings.serviceAccount === undefined ? {} : { serviceAccountName: settings.serviceAccount }),
    ...(settings.pullSecrets.length === 0 ? {} : { imagePullSecrets: settings.pullSecrets.map((name) => ({ name })) }),
    ...(Object.keys(settings.nodeSelector).length === 0 ? {} : { nodeSelector: { ...settings.nodeSelector } }),
    ...(settings.tolerations.length === 0 ? {} : { tolerations: settings.tolerations.map(tolerationOf) }),
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: identity.selectors.instance }
      }
    ]
  }
}

/** The time from the stop of a pod to its kill: the delay, the drain and a margin. */
export const stopSeconds = ({ stopDelayMillis, stopGraceMillis }: KubernetesSettings): number =>
  Math.max(1, Math.ceil((stopDelayMillis + stopGraceMillis) / 1_000))

// internal

const serviceContainer = (parts: Parts): V1Container => {
  const { image, request } = parts
  const { settings } = request
  const [program, ...rest] = image.entrypoint
  const memory = bytesOf(settings.memory)
  return {
    name: container,
    image: image.reference,
    imagePullPolicy: "IfNotPresent",
    ...(program === undefined ? {} : { command: [program, heapOption(settings), ...rest] }),
    args: [`${inside.config}/${entries.manifest}`],
    workingDir: inside.app,
    env: environmentOf(parts),
    ports: [{ name: "http", containerPort: inside.port, protocol: "TCP" }],
    resources: {
      requests: { cpu: quantityOf(settings.cpuRequest), memory: `${memory}` },
      limits: { memory: `${memory}`, ...(settings.cpus === undefined ? {} : { cpu: quantityOf(settings.cpus) }) }
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      capabilities: { drop: ["ALL"] }
    },
    ...probesOf(request),
    volumeMounts: [
      { name: "config", mountPath: inside.config, readOnly: true },
      { name: "intake", mountPath: inside.intake, readOnly: true },
      { name: "temporary", mountPath: inside.temporary },
      { name: "data", mountPath: inside.data },
      ...(Object.keys(request.secrets).length === 0
        ? []
        : [{ name: "secrets", mountPath: inside.secrets, readOnly: true }])
    ]
  }
}

const quantityOf = (cpus: number): string => `${Math.round(cpus * 1_000)}m`

const heapOption = ({ memory, serving }: KubernetesSettings): string =>
  `--max-old-space-size=${heapMegabytes(bytesOf(memory), workersOf(serving))}`

/** The options of Node for the entry point of an image, which starts it without any. Those of the settings come last and win. */
const nodeOptions = ({ image, request: { settings } }: Parts): Readonly<Record<string, string>> =>
  image.entrypoint.length > 0
    ? {}
    : { NODE_OPTIONS: [heapOption(settings), settings.environment["NODE_OPTIONS"] ?? ""].join(" ").trim() }

/** Secrets are references, so that a description of the pod does not show them. */
const environmentOf = (parts: Parts) => {
  const { secrets, settings } = parts.request
  const { secret } = parts.identity.names
  return [
    ...Object.entries({
      NODE_ENV: "production",
      HOME: inside.temporary,
      ...settings.environment,
      ...nodeOptions(parts),
      [publishedPortVariable]: `${settings.servicePort}`
    }).map(([name, value]) => ({ name, value })),
    ...settings.secretsInEnvironment.flatMap((name) =>
      secrets[name] === undefined
        ? []
        : [{ name, valueFrom: { secretKeyRef: { name: secret, key: entries.secret(name) } } }]
    )
  ]
}

/**
 * A pod is ready while it is healthy, also in a maintenance, in which it sends callers the message. Only a pod whose health
 * check failed for a long time is restarted: a step that computes must not end its pod.
 */
const probesOf = ({ check, settings }: Described): Pick<V1Container, "readinessProbe" | "livenessProbe"> => {
  const { health, live } = Routes.paths(settings.serving)
  const periodSeconds = 10
  const get = (path: string): Pick<V1Probe, "httpGet"> => ({ httpGet: { path, port: "http", scheme: "HTTP" } })
  return {
    readinessProbe: { ...get(health), periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 3, successThreshold: 1 },
    livenessProbe: {
      ...get(live),
      initialDelaySeconds: 30 + Math.ceil((check?.timeoutMillis ?? 0) / 1_000),
      periodSeconds,
      timeoutSeconds: 5,
      failureThreshold: Math.max(3, Math.ceil(settings.recovery.unhealthyMillis / 1_000 / periodSeconds))
    }
  }
}

const item = (key: string, path = key) => ({ key, path })

const mode = 0o440

const volumesOf = (parts: Parts): Array<V1Volume> => {
  const { identity, request } = parts
  const { secrets, settings } = request
  const names = Object.keys(secrets)
  return [
    { name: "config", ...configOf(parts) },
    {
      name: "intake",
      configMap: { name: identity.names.intake, optional: true, items: [item(intakeEntry)] }
    },
    ...(names.length === 0
      ? []
      : [
          {
            name: "secrets",
            secret: {
              secretName: identity.names.secret,
              defaultMode: mode,
              items: names.map((name) => item(entries.secret(name), name))
            }
          }
        ]),
    { name: "temporary", emptyDir: { medium: "Memory", sizeLimit: `${settings.tmpfsBytes}` } },
    settings.dataClaim === undefined
      ? { name: "data", emptyDir: {} }
      : { name: "data", persistentVolumeClaim: { claimName: settings.dataClaim } }
  ]
}

/** The folder with the manifest and the keys, from the Secret, or from the ConfigMap with the manifest and the Secret. */
const configOf = ({ identity, request: { keys } }: Parts): Omit<V1Volume, "name"> => {
  const { manifest, secret } = identity.names
  const ofKeys = keys === undefined ? [] : [item(entries.keys)]
  if (manifest === undefined) {
    return { secret: { secretName: secret, defaultMode: mode, items: [item(entries.manifest), ...ofKeys] } }
  }
  return {
    projected: {
      defaultMode: mode,
      sources: [
        { configMap: { name: manifest, items: [item(entries.manifest)] } },
        ...(ofKeys.length === 0 ? [] : [{ secret: { name: secret, items: ofKeys } }])
      ]
    }
  }
}

const tolerationOf = ({ effect, key, value }: KubernetesSettings["tolerations"][number]) => ({
  key,
  operator: value === undefined ? "Exists" : "Equal",
  ...(value === undefined ? {} : { value }),
  ...(effect === undefined ? {} : { effect })
})
