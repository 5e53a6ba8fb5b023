import { defineConfig } from "effect-deployers/Config"

export default defineConfig({
  deployments: {
    iris: { pipeline: "./iris.ts" }
  }
})
