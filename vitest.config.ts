import { defineConfig } from "vitest/config"

const integration = ["test/**/*.integration.test.ts", "examples/**/*.integration.test.ts"]

export default defineConfig({
  resolve: { conditions: ["@effect-deployers/source"] },
  ssr: { resolve: { conditions: ["@effect-deployers/source"], externalConditions: ["@effect-deployers/source"] } },
  test: {
    testTimeout: 180_000,
    hookTimeout: 240_000,
    maxWorkers: 2,
    // Tests of the command line deploy many fixtures; the tests of the type check turn it on.
    env: { DEPLOYERS_TYPECHECK: "false" },
    pool: "forks",
    reporters: ["default", "hanging-process"],
    projects: [
      { extends: true, test: { name: "integration", include: integration } },
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts", "examples/**/*.test.ts", "templates/**/*.test.ts"],
          exclude: integration,
          // The files of a worker share the modules that they import, which take longer to load than most tests to run.
          poolOptions: { forks: { isolate: false } }
        }
      }
    ]
  }
})
