import { getNodeAutoInstrumentations } from "@opentelemetry/auto-instrumentations-node"

export const answer = () => getNodeAutoInstrumentations().map(({ instrumentationName }) => instrumentationName).length
