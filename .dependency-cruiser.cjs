// The arrows of the house: who may import whom. `npm run lint` holds them.
const rooms = {
  foundation:
    "^src/(Pipeline|Step|Run|Settings|Deployment|DeploymentEvent|Errors|Manifest|Home|Ids|Analytics|Readiness|Wire|Guarded|Lazily)(\\.ts$|/)"
}

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "no-circular",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } }
    },
    {
      name: "foundation-imports-nothing-above",
      severity: "error",
      from: { path: rooms.foundation },
      to: { path: "^src/", pathNot: [rooms.foundation, "^src/Snapshot/Model"] }
    },
    {
      name: "store-knows-only-the-domain",
      severity: "error",
      from: { path: "^src/Store/" },
      to: { path: "^src/(Deployer|Server|Local|Cli/|Client|Bundle|Testing)" }
    },
    {
      name: "server-never-imports-deployer",
      severity: "error",
      from: { path: "^src/Server/" },
      to: {
        path: "^src/(Deployer|Local|Cli/|Client|Bundle|Testing|Store/(Sql(Snapshot|Deployment|Event|Secret|Build)Store|Registry))"
      }
    },
    {
      name: "deployer-never-imports-server",
      severity: "error",
      from: { path: "^src/(Deployer|Local)", pathNot: "^src/Local/(Embedded|index)" },
      to: { path: "^src/(Server|Cli/|Client|Testing)" }
    },
    {
      name: "client-knows-definitions-only",
      severity: "error",
      from: { path: "^src/Client" },
      to: { path: "^src/(Server|Deployer/|Local|Cli/|Bundle)" }
    },
    {
      name: "testing-is-for-tests",
      severity: "error",
      from: { path: "^src/(?!Testing/)" },
      to: { path: "^src/Testing/" }
    },
    {
      name: "root-reaches-no-driver",
      comment: "Whoever imports the root entry must not load a database driver or a container client.",
      severity: "error",
      from: { path: "^src/index\\.ts$" },
      to: { path: "node_modules/(better-sqlite3|dockerode)", reachable: true }
    },
    {
      name: "bundler-is-loaded-lazily",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "node_modules/esbuild", dynamic: false, dependencyTypesNot: ["type-only"] }
    },
    {
      name: "one-door-to-sqlite",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/Store/SqliteConnection\\.ts$" },
      to: { path: "node_modules/better-sqlite3" }
    },
    {
      name: "no-undeclared-package",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"], pathNot: "node_modules/@effect/vitest" }
    }
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@effect-deployers/source", "import", "types", "node", "default"]
    }
  }
}
