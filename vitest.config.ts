import { defineConfig } from "vitest/config"

export default defineConfig({
  resolve: { conditions: ["@effect-deployers/source"] },
  ssr: { resolve: { conditions: ["@effect-deployers/source"], externalConditions: ["@effect-deployers/source"] } },
  test: {
    include: ["test/**/*.test.ts", "examples/**/*.test.ts"],
    testTimeout: 180_000,
    hookTimeout: 240_000,
    maxWorkers: 2,
    // Tests of the command line deploy many fixtures; the tests of the type check turn it on.
    env: { DEPLOYERS_TYPECHECK: "false" },
    pool: "forks",
    reporters: ["default", "hanging-process"]
  }
})
