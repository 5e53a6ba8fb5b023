// `npm run docs`: the API reference of every entry point, from the doc comments of the sources, with the README as its
// first page and the guides beside it. Fails when something public has no words, when a type a user meets is not
// exported, and when a link leads nowhere. What must stay unexported all the same is listed here, with the reason.
import { readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { Application, OptionDefaults } from "typedoc"
import { checkComments, checkLinks } from "./docs/checks.mjs"
import { teach, tidy } from "./docs/reading.mjs"

const out = join("docs", "api")
const { exports, name } = JSON.parse(readFileSync("package.json", "utf8"))

/** Source of an entry point -> what it is imported as. */
const entryPoints = new Map(
  Object.entries(exports).flatMap(([path, { "@effect-deployers/source": source }]) =>
    source === undefined ? [] : [[resolve(source), path.replace(".", name)]]
  )
)
const guides = ["docs", "examples", "bench"].flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith(".md"))
    .map((file) => join(folder, file))
)

const inServer = (type) => `src/Server/${type}`

const app = await Application.bootstrap({
  alwaysCreateEntryPointModule: true,
  categorizeByGroup: false,
  cleanOutputDir: true,
  disableGit: true,
  displayBasePath: ".",
  entryPoints: [...entryPoints.keys()],
  excludeExternals: true,
  excludeInternal: true,
  excludePrivate: true,
  hideGenerator: true,
  includeVersion: true,
  intentionallyNotExported: [
    // Parts of the serving runtime, handed around within it.
    ...["Run/Execution/ActiveRunOptions.ts:Follower", "Run/Response.ts:Response", "Run/SafeJson.ts:Parsed"].map(
      inServer
    ),
    ...[
      "Run/Intake.ts:Intake",
      "Run/Metrics.ts:Metrics",
      "Run/Execution/RunOutcome.ts:Identity",
      "Run/Execution/RunCall.ts:OnDisconnect",
      "Run/Durable/RunSignals.ts:RunSignals",
      "Run/InvokeRequest.ts:InvokeOptions",
      "Run/Execution/RunFiber.ts:KeptOptions"
    ].map(inServer),
    ...["Run/Records/RunRecorder.ts:RunRecorder", "Run/Service.ts:Service", "Cluster/WorkerChannel.ts:Channel"].map(
      inServer
    ),
    ...["Run/Service.ts:ThisProcess", "Cluster/Worker.ts:Role"].map(inServer),
    // The values of options, within the commands.
    "src/Cli/Options/SettingFlags.ts:GivenFlags",
    // Short for `DeploymentStore["Type"]`.
    "src/Store/Registry/SqlDeploymentStore.ts:Store",
    // A planted bug is given one and answers one.
    "src/Deployer/Leases.ts:HolderService",
    // The switch of the in-memory engine, which its backend uses.
    "src/Testing/InMemoryService/Intakes.ts:Intakes",
    // Steps of the computation of `Faults.Table`.
    ...["AnyOf", "Common", "Groups", "Leaves", "Part"].map((type) => `src/Testing/Faults/Failures.ts:${type}`)
  ],
  highlightLanguages: [...OptionDefaults.highlightLanguages, "mermaid", "python"],
  logLevel: "Warn",
  navigation: { includeCategories: true },
  out,
  projectDocuments: [...guides, "CONTRIBUTING.md", "AGENTS.md"],
  readme: "README.md",
  router: "structure",
  sourceLinkTemplate: "{path}", // without a template there are no places in the sources at all
  tsconfig: "tsconfig.build.json",
  validation: { invalidLink: true, invalidPath: true, notDocumented: false, notExported: true }
})

teach(app, (file) => entryPoints.get(file))
const project = await app.convert()
if (project === undefined) process.exit(1)
tidy(project)
app.validate(project)
checkComments(project, app.logger)
await app.generateOutputs(project)
checkLinks(out, app.logger)

if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exit(1)
process.stdout.write(`API reference: ${pathToFileURL(resolve(out, "index.html"))}\n`)
