import { defineConfig } from "effect-deployers/Config"

export default defineConfig({
  deployments: {
    agent: { pipeline: "./agent.ts" }
  }
})
