/**
 * The metrics of the code of a pipeline: what it updates with the `Metric` of Effect. They are read when a
 * caller asks for metrics, so an update costs the same as in any program.
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricKeyType from "effect/MetricKeyType"
import type * as MetricLabel from "effect/MetricLabel"
import type * as MetricPair from "effect/MetricPair"
import * as MetricState from "effect/MetricState"
import * as Option from "effect/Option"

/** A family of Prometheus: samples of one metric, each by its name and labels as text. */
export interface Family {
  readonly name: string
  readonly type: "counter" | "gauge" | "histogram" | "summary"
  readonly help: string
  readonly samples: ReadonlyArray<readonly [key: string, value: number]>
}

/** The families of a snapshot of the metrics of a process. Metrics of the runtime of Effect are left out. */
export const familiesOf = (pairs: ReadonlyArray<MetricPair.MetricPair.Untyped>): ReadonlyArray<Family> => {
  const families = new Map<string, Family>()
  for (const { metricKey, metricState } of pairs) {
    if (metricKey.name.startsWith("effect_fiber_")) continue
    const type = typeOf(metricKey.keyType)
    const name = freeName(families, nameOf(metricKey.name, type), type)
    const family = families.get(name)
    const help = Option.getOrElse(metricKey.description, () => `A metric of the pipeline: ${metricKey.name}.`)
    const samples = samplesOf(name, labelsOf(metricKey.tags), metricState).filter(([, value]) => Number.isFinite(value))
    families.set(name, { name, type, help: family?.help ?? help, samples: [...(family?.samples ?? []), ...samples] })
  }
  return [...families.values()]
}

/** Adds the families of two processes: sums, and the worse one of two quantiles. */
export const add = (a: ReadonlyArray<Family>, b: ReadonlyArray<Family>): ReadonlyArray<Family> => {
  if (a.length === 0) return b
  const families = new Map(a.map((family) => [family.name, family]))
  for (const family of b) {
    const known = families.get(family.name)
    families.set(family.name, known === undefined ? family : { ...known, samples: addSamples(known, family) })
  }
  return [...families.values()]
}

/** The families of a process that has ended, which has no present values any more. */
export const counted = (families: ReadonlyArray<Family>): ReadonlyArray<Family> =>
  families
    .filter(({ type }) => type !== "gauge")
    .map((family) => ({ ...family, samples: family.samples.filter(([key]) => !isQuantile(key)) }))

/** The text of families, in the format of Prometheus or as OpenMetrics, where a counter is named without its suffix. */
export const render = (families: ReadonlyArray<Family>, isOpen: boolean): string =>
  families
    .map(({ help, name, samples, type }) => {
      const named = isOpen && type === "counter" ? name.replace(/_total$/, "") : name
      return [
        `# HELP ${named} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`,
        `# TYPE ${named} ${type}`,
        ...samples.map(([key, value]) => `${key} ${value}`),
        ""
      ].join("\n")
    })
    .join("")

/** The families of this process. */
export const read: Effect.Effect<ReadonlyArray<Family>> = Effect.map(Metric.snapshot, familiesOf)

// internal

/** A counter that may fall is a gauge for Prometheus. */
const typeOf = (keyType: MetricKeyType.MetricKeyType.Untyped): Family["type"] => {
  if (MetricKeyType.isHistogramKey(keyType)) return "histogram"
  if (MetricKeyType.isSummaryKey(keyType)) return "summary"
  if (MetricKeyType.isFrequencyKey(keyType)) return "counter"
  return MetricKeyType.isCounterKey(keyType) && keyType.incremental ? "counter" : "gauge"
}

/** A name of Prometheus. The names of the service itself begin with `deployers_`, and no other ones do. */
const nameOf = (name: string, type: Family["type"]): string => {
  const plain = name.replace(/[^A-Za-z0-9_:]/g, "_").replace(/^(?=\d|$)/, "_")
  const own = plain.startsWith("deployers_") ? `user_${plain}` : plain
  return type === "counter" && !own.endsWith("_total") ? `${own}_total` : own
}

/** Two metrics of different types may have the same name in Effect, and not in Prometheus. */
const freeName = (families: ReadonlyMap<string, Family>, name: string, type: Family["type"]): string => {
  const known = families.get(name)
  return known === undefined || known.type === type ? name : freeName(families, `${name}_${type}`, type)
}

type Labels = ReadonlyArray<readonly [name: string, value: string]>

const labelsOf = (tags: ReadonlyArray<MetricLabel.MetricLabel>): Labels => [
  ...new Map(tags.map(({ key, value }) => [labelName(key), value]))
]

const labelName = (key: string): string => {
  const plain = key.replace(/[^A-Za-z0-9_]/g, "_").replace(/^(?=\d|$)/, "_")
  return plain.startsWith("__") ? `user${plain}` : plain
}

const keyOf = (name: string, labels: Labels): string =>
  labels.length === 0 ? name : `${name}{${labels.map(([label, value]) => `${label}="${escaped(value)}"`).join(",")}}`

const escaped = (value: string): string => value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")

type Sample = Family["samples"][number]

const samplesOf = (name: string, labels: Labels, state: MetricState.MetricState.Untyped): ReadonlyArray<Sample> => {
  if (MetricState.isCounterState(state)) return [[keyOf(name, labels), Number(state.count)]]
  if (MetricState.isGaugeState(state)) return [[keyOf(name, labels), Number(state.value)]]
  if (MetricState.isFrequencyState(state)) {
    return [...state.occurrences].map(([word, count]) => [keyOf(name, withLabel(labels, "value", word)), count])
  }
  if (MetricState.isHistogramState(state)) {
    const bounds = state.buckets.filter(([bound]) => Number.isFinite(bound))
    return [
      ...bounds.map(
        ([bound, count]): Sample => [keyOf(`${name}_bucket`, withLabel(labels, "le", String(bound))), count]
      ),
      [keyOf(`${name}_bucket`, withLabel(labels, "le", "+Inf")), state.count],
      ...totals(name, labels, state)
    ]
  }
  if (MetricState.isSummaryState(state)) {
    const quantiles = state.quantiles.flatMap(
      ([quantile, value]): ReadonlyArray<Sample> =>
        Option.isNone(value) ? [] : [[keyOf(name, withLabel(labels, "quantile", String(quantile))), value.value]]
    )
    return [...quantiles, ...totals(name, labels, state)]
  }
  return []
}

/** The label of a sample wins over a tag of the same name. */
const withLabel = (labels: Labels, name: string, value: string): Labels => [
  ...labels.filter(([label]) => label !== name),
  [name, value]
]

const totals = (
  name: string,
  labels: Labels,
  { count, sum }: { readonly count: number; readonly sum: number }
): ReadonlyArray<Sample> => [
  [keyOf(`${name}_sum`, labels), sum],
  [keyOf(`${name}_count`, labels), count]
]

const addSamples = (a: Family, b: Family): ReadonlyArray<Sample> => {
  const samples = new Map(a.samples)
  for (const [key, value] of b.samples) {
    const known = samples.get(key)
    samples.set(key, known === undefined ? value : isQuantile(key) ? Math.max(known, value) : known + value)
  }
  return [...samples]
}

const isQuantile = (key: string): boolean => /[{,]quantile="[^"]*"}$/.test(key)
