/** The pods of a generation. They pass the restricted profile of Pod Security. */
import type { V1Container, V1PodSpec, V1Probe, V1Volume } from "@kubernetes/client-node"
import { user } from "../../Containerized/Layout.js"
import { publishedPortVariable } from "../../Contract/Manifest.js"
import * as Routes from "../../Contract/Routes.js"
import { bytesOf, heapMegabytes } from "../../Settings/Size.js"
import { workersOf } from "../../Settings.js"
import * as Labels from "../Labels.js"
import type { KubernetesSettings } from "../Settings.js"
import type { Parts, Request } from "./Context.js"
import { entries, inside, intakeEntry } from "./Files.js"

/** The name of the container of a pod. */
export const container = "service"

/** The pods of a generation, whose files are in a Secret. */
export const podSpec = ({ image, request }: Parts, secret: string): V1PodSpec => {
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
    containers: [serviceContainer(request, image, secret)],
    volumes: volumesOf(request, secret),
    ...(settings.serviceAccount === undefined ? {} : { serviceAccountName: settings.serviceAccount }),
    ...(settings.pullSecrets.length === 0 ? {} : { imagePullSecrets: settings.pullSecrets.map((name) => ({ name })) }),
    ...(Object.keys(settings.nodeSelector).length === 0 ? {} : { nodeSelector: { ...settings.nodeSelector } }),
    ...(settings.tolerations.length === 0 ? {} : { tolerations: settings.tolerations.map(tolerationOf) }),
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: Labels.ofInstance(request) }
      }
    ]
  }
}

/** The time from the stop of a pod to its kill: the delay, the drain and a margin. */
export const stopSeconds = ({ stopDelayMillis, stopGraceMillis }: KubernetesSettings): number =>
  Math.max(1, Math.ceil((stopDelayMillis + stopGraceMillis) / 1_000))

// internal

const serviceContainer = (request: Request, image: Parts["image"], secret: string): V1Container => {
  const { settings } = request
  const [program = "node", ...rest] = image.entrypoint
  const memory = bytesOf(settings.memory)
  return {
    name: container,
    image: image.reference,
    imagePullPolicy: "IfNotPresent",
    command: [program, `--max-old-space-size=${heapMegabytes(memory, workersOf(settings.serving))}`, ...rest],
    args: [`${inside.config}/${entries.manifest}`],
    workingDir: inside.app,
    env: environmentOf(request, secret),
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

/** Secrets are references, so that a description of the pod does not show them. */
const environmentOf = ({ secrets, settings }: Request, secret: string) => [
  ...Object.entries({
    NODE_ENV: "production",
    HOME: inside.temporary,
    ...settings.environment,
    [publishedPortVariable]: `${settings.servicePort}`
  }).map(([name, value]) => ({ name, value })),
  ...settings.secretsInEnvironment.flatMap((name) =>
    secrets[name] === undefined
      ? []
      : [{ name, valueFrom: { secretKeyRef: { name: secret, key: entries.secret(name) } } }]
  )
]

/**
 * A pod is ready while it is healthy, also in a maintenance, in which it sends callers the message. Only a pod whose health
 * check failed for a long time is restarted: a step that computes must not end its pod.
 */
const probesOf = ({ check, settings }: Request): Pick<V1Container, "readinessProbe" | "livenessProbe"> => {
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

const volumesOf = ({ name, generation, keys, secrets, settings }: Request, secret: string): Array<V1Volume> => {
  const item = (key: string, path: string) => ({ key, path })
  const files = (items: Array<{ key: string; path: string }>) => ({ secretName: secret, defaultMode: 0o440, items })
  return [
    {
      name: "config",
      secret: files([
        item(entries.manifest, entries.manifest),
        ...(keys === undefined ? [] : [item(entries.keys, entries.keys)])
      ])
    },
    {
      name: "intake",
      configMap: {
        name: Labels.names({ name, generation }).intake,
        optional: true,
        items: [item(intakeEntry, intakeEntry)]
      }
    },
    ...(Object.keys(secrets).length === 0
      ? []
      : [
          {
            name: "secrets",
            secret: files(Object.keys(secrets).map((secretName) => item(entries.secret(secretName), secretName)))
          }
        ]),
    { name: "temporary", emptyDir: { medium: "Memory", sizeLimit: `${settings.tmpfsBytes}` } },
    settings.dataClaim === undefined
      ? { name: "data", emptyDir: {} }
      : { name: "data", persistentVolumeClaim: { claimName: settings.dataClaim } }
  ]
}

const tolerationOf = ({ effect, key, value }: KubernetesSettings["tolerations"][number]) => ({
  key,
  operator: value === undefined ? "Exists" : "Equal",
  ...(value === undefined ? {} : { value }),
  ...(effect === undefined ? {} : { effect })
})
