// The arrows of the house, from `scripts/architecture/rooms.cjs`. `npm run lint` enforces them.
const house = require("./scripts/architecture/rooms.cjs")

const { builtinModules } = require("node:module")

const foundation = house.foundation.modules
const rooms = Object.fromEntries(Object.entries(house.rooms).map(([room, { imports }]) => [room, imports]))

/** The folders of Server from the bottom up: each may import those below it. */
const serverFolders = ["HotPath", "Run", "Pages", "Http", "Process", "Cluster"]

const serverArrows = serverFolders.slice(0, -1).map((folder, index) => ({
  name: `Server-${folder}-imports-only-folders-below`,
  severity: "error",
  from: { path: `^src/Server/${folder}/` },
  to: { path: `^src/Server/(${serverFolders.slice(index + 1).join("|")})/` }
}))

/** The files of rooms: the folder and the front beside it. */
const files = (names) => `^src/(${names.join("|")})(\\.ts$|/)`

const arrows = Object.entries(rooms).map(([room, others]) => ({
  name: `${room}-imports-only-what-it-may`,
  severity: "error",
  from: { path: files([room]) },
  to: { path: "^src/", pathNot: files([room, ...foundation, ...others]) }
}))

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
      // The fronts only gather what a user imports; nothing inside `src` imports them.
      from: { path: files(foundation), pathNot: "^src/(Errors|Snapshot)\\.ts$" },
      to: { path: "^src/", pathNot: files(foundation) }
    },
    {
      name: "errors-front-is-for-users",
      comment: "Import the module of an error: the front gathers the errors of several rooms.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(index|browser)\\.ts$" },
      to: { path: "^src/Errors\\.ts$" }
    },
    ...arrows,
    ...serverArrows,
    {
      name: "no-file-outside-a-room",
      severity: "error",
      from: {
        path: "^src/",
        pathNot: [files([...foundation, ...Object.keys(rooms)]), "^src/(index|browser|bin)\\.ts$"]
      },
      to: {}
    },
    {
      name: "contract-and-client-know-no-node",
      comment: "A definition and its client also run where there is no Node.",
      severity: "error",
      from: { path: files(["Contract", "Client", "Pipeline", "Step", "Run"]) },
      to: { dependencyTypes: ["core"] }
    },
    {
      name: "browser-entries-reach-no-node",
      comment: "Pipelines, contracts and clients are for browsers too.",
      severity: "error",
      from: { path: "^src/(browser\\.ts$|(Pipeline|Client|Contract)/index\\.ts$)" },
      to: {
        path: [`^(node:)?(${builtinModules.join("|")})$`, "^node_modules/(?!effect/|@effect/(platform|experimental)/)"],
        reachable: true
      }
    },
    {
      name: "root-reaches-no-driver",
      comment: "An import of the root entry must not load a database driver or a container client.",
      severity: "error",
      from: { path: "^src/index\\.ts$" },
      to: { path: "node_modules/(better-sqlite3|docker-modem)", reachable: true }
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
      from: { path: "^src/", pathNot: "^src/Store/Database/Sqlite(Client|Connection)\\.ts$" },
      to: { path: "node_modules/better-sqlite3" }
    },
    {
      name: "no-undeclared-package",
      severity: "error",
      from: { path: "^src/" },
      to: {
        dependencyTypes: ["npm-no-pkg", "npm-unknown"],
        pathNot: "node_modules/(@effect/(cli|sql-pg|vitest)|@kubernetes/client-node)/"
      }
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
