import { defineConfig } from "effect-deployers/Config"

export default defineConfig({
  deployments: {
    // Everyone who reaches the service may call it; it listens on this machine only.
    quote: { pipeline: "./quote.ts", auth: { _tag: "none" } }
  }
})
