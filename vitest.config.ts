import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** Files with a process each: those of processes and engines, and two that load other test files for another server. */
const integration = [
  "test/**/*.integration.test.ts",
  "examples/**/*.integration.test.ts",
  "test/Server/Http/App.test.ts",
  "test/Server/Cluster/HttpSuites.test.ts"
]

/** Files of a minute and more. They are first, so that no worker waits long for another one at the end. */
const long = [
  "Conformance/Simulation",
  "Conformance/Sweep",
  "Conformance/Planted",
  "DeployerSuite",
  "test/Package.integration",
  "Faults/Killed",
  "Workers.integration",
  "Docker/DockerDeployer",
  "Cli/Cli.integration"
]

class LongFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification) => long.some((part) => moduleId.includes(part))
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

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
    setupFiles: ["test/Setup.ts"],
    sequence: { sequencer: LongFirst },
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
          // vitest gives a worker more than one file only where `--no-isolate` says so, as `scripts/test.mjs` does.
          poolOptions: { forks: { isolate: false } }
        }
      }
    ]
  }
})
