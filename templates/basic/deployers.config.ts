import { defineConfig } from "effect-deployers/Config"

export default defineConfig({
  deployments: {
    weather: { pipeline: "./weather.ts" }
  }
})
