import { defineConfig, ref } from "effect-deployers/Config"

export default defineConfig({
  deployments: {
    catalog: { pipeline: "./catalog.ts" },
    shop: {
      pipeline: "./shop.ts#shop",
      environment: { CATALOG_URL: ref("catalog").url },
      secrets: { CATALOG_KEY: ref("catalog").key }
    }
  },
  stages: { staging: { oldInstanceGraceMillis: 0, minHealthyMillis: 0 } }
})
