import { trace } from "@opentelemetry/api"
import { NodeSDK, tracing } from "@opentelemetry/sdk-node"

const exporter = new tracing.InMemorySpanExporter()
const sdk = new NodeSDK({
  spanProcessors: [new tracing.SimpleSpanProcessor(exporter)],
  instrumentations: [],
  autoDetectResources: false
})
sdk.start()

export const answer = () => {
  trace.getTracer("corpus").startSpan("work").end()
  return exporter
    .getFinishedSpans()
    .map(({ name }) => name)
    .includes("work")
}
