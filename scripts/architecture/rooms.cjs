// The rooms of the house: what lives in each, and which others it may import. The one source of truth of the linter's
// arrows (`.dependency-cruiser.cjs`), of the table in `AGENTS.md` and of the drawing in `docs/architecture.md`.

/** The modules on the ground, which import only each other. Every room may import them. */
const foundation = {
  holds: "the domain: pure data, Schemas, errors; no Node",
  modules: [
    "Pipeline",
    "Step",
    "Run",
    "Session",
    "Artifacts",
    "Batch",
    "File",
    "Input",
    "Output",
    "Health",
    "Settings",
    "Deployment",
    "Errors",
    "Snapshot",
    "Telemetry",
    "Internal"
  ]
}

/** Each room with the rooms it may import besides the foundation and itself. */
const rooms = {
  Contract: { holds: "the HTTP contract as data: API, routes, responses, events, manifest; no Node", imports: [] },
  Store: { holds: "registry and run store: one tag per concept, one SQL implementation each", imports: ["Contract"] },
  Client: {
    holds: "calls of a deployment, from its definition and the contract; no Node",
    imports: ["Contract", "Store"]
  },
  Bundle: { holds: "a module file becomes a bundle and a versioned snapshot", imports: ["Contract", "Store"] },
  Flavor: {
    holds: "the kit for authors of a flavor: `Backend`, instance files, ports",
    imports: ["Contract", "Store", "Bundle"]
  },
  Deployer: {
    holds: "the contract of deployers and every flow the flavors share",
    imports: ["Contract", "Store", "Flavor"]
  },
  Control: {
    holds: "a deployer over HTTP: its contract, its server, and a deployer that asks it; no Node",
    imports: ["Contract", "Store", "Client", "Deployer"]
  },
  Containerized: { holds: "the parts that flavors with images share", imports: ["Store"] },
  Door: { holds: "the programs that own the socket of a deployment's URL; only modules of Node", imports: [] },
  Local: {
    holds: "the flavor that runs processes",
    imports: ["Contract", "Store", "Client", "Bundle", "Flavor", "Deployer", "Door"]
  },
  Docker: {
    holds: "the flavor that runs containers: engine client, images, backend",
    imports: ["Contract", "Store", "Client", "Bundle", "Flavor", "Deployer", "Containerized", "Door"]
  },
  Swarm: {
    holds: "the flavor that runs services of a swarm, with the engine client and the images of Docker",
    imports: ["Contract", "Store", "Client", "Bundle", "Flavor", "Deployer", "Containerized", "Docker", "Door"]
  },
  Kubernetes: {
    holds: "the flavor that runs pods of a cluster: API client, objects, backend; images by `Docker`",
    imports: ["Contract", "Store", "Client", "Bundle", "Flavor", "Deployer", "Containerized", "Docker"]
  },
  Config: {
    holds: "the deployments of an application as data: `defineConfig`, `ref`",
    imports: ["Local", "Docker"]
  },
  Stack: {
    holds: "several deployments, deployed together in the order of their references, all or nothing",
    imports: ["Config", "Bundle", "Deployer", "Store"]
  },
  Server: { holds: "the serving runtime inside a bundle", imports: ["Contract", "Store"] },
  Testing: {
    holds: "the in-memory world, faults and virtual time, for tests of users; no test runner",
    imports: ["Store", "Bundle", "Flavor", "Deployer", "Client", "Server", "Docker"]
  },
  Conformance: {
    holds: "suites for authors of flavors and stores; needs vitest",
    imports: ["Store", "Flavor", "Deployer", "Docker", "Kubernetes", "Testing"]
  },
  Dev: {
    holds: "a pipeline served in this process, reloaded with each save",
    imports: ["Store", "Bundle", "Server"]
  },
  Ui: {
    holds: "the page over all deployments of a home, and its server",
    imports: ["Contract", "Deployer", "Control", "Server"]
  },
  Cli: {
    holds: "the commands; `bin.ts` runs them",
    imports: [
      "Contract",
      "Store",
      "Client",
      "Bundle",
      "Flavor",
      "Deployer",
      "Local",
      "Docker",
      "Swarm",
      "Kubernetes",
      "Control",
      "Dev",
      "Ui",
      "Stack"
    ]
  }
}

module.exports = { foundation, rooms }
