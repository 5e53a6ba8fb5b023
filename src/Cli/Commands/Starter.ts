/** The starter projects: the files of a template, and those that are made for the project. */
import { fileURLToPath } from "node:url"
import { version } from "../../Internal/Version.js"

/** A template of a starter project. */
export interface Template {
  readonly description: string
  /** The deployment of its settings file, which is also the name of the file of its pipeline. */
  readonly deployment: string
  /** Options of `deployers invoke` with an answer. */
  readonly example: string
}

/** The templates by name. The first one is the default. */
export const templates = {
  basic: { description: "a pipeline with a service", deployment: "weather", example: "--city Oslo" },
  model: {
    description: "a model that is loaded once",
    deployment: "iris",
    example: "--sepalLength 5.1 --sepalWidth 3.5 --petalLength 1.4 --petalWidth 0.2"
  },
  agent: {
    description: "a language model with a tool",
    deployment: "agent",
    example: '--question "How much is 2 + 3?"'
  },
  "web-app": { description: "a page and its pipeline", deployment: "quote", example: "--product lamp --count 2" }
} as const satisfies Readonly<Record<string, Template>>

/** The name of a template. */
export type TemplateName = keyof typeof templates

/** The names of the templates. */
export const names = Object.keys(templates) as unknown as ReadonlyArray<TemplateName>

/** The folder of a template in the package. */
export const folderOf = (name: TemplateName): string =>
  fileURLToPath(new URL(`../../../templates/${name}`, import.meta.url))

/** The versions that a starter project pins: this library is tested with them. */
export const versions = {
  dependencies: {
    "@effect/platform": "0.97.2",
    "@effect/platform-node": "0.108.2",
    effect: "3.22.2"
  },
  devDependencies: {
    "@effect/vitest": "0.30.0",
    "@types/node": "20.19.43",
    typescript: "5.9.3",
    vitest: "3.2.7"
  }
} as const

/** Names and texts of the files that are made for a project of a name. */
export const files = (name: string, template: TemplateName): Readonly<Record<string, string>> => ({
  "package.json": json({
    name: packageName(name),
    version: "0.0.0",
    private: true,
    type: "module",
    engines: { node: ">=20.19" },
    scripts: {
      deploy: "deployers deploy",
      dev: `deployers dev ${templates[template].deployment}.ts`,
      test: "vitest run",
      check: "tsc"
    },
    dependencies: sorted({ ...versions.dependencies, "effect-deployers": version }),
    devDependencies: versions.devDependencies
  }),
  "tsconfig.json": json({
    compilerOptions: {
      target: "ES2022",
      module: "NodeNext",
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      verbatimModuleSyntax: true,
      skipLibCheck: true,
      noEmit: true
    },
    include: ["*.ts"]
  }),
  ".gitignore": "node_modules\n.env\n",
  "README.md": readme(name, templates[template])
})

/** The commands that lead to a first answer. */
export const firstCommands = ({ deployment, example }: Template): ReadonlyArray<string> => [
  "npm install",
  "npm run deploy",
  `npx deployers invoke ${deployment} ${example}`
]

// internal

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

const sorted = (record: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))

const packageName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "") || "pipelines"

const readme = (name: string, template: Template): string => `# ${name}

A typed pipeline, served over HTTP by [effect-deployers](https://www.npmjs.com/package/effect-deployers). Needs Node 20.19 or later.

\`\`\`sh
${firstCommands(template).join("\n")}
\`\`\`

| file | content |
|---|---|
| \`program.ts\` | the program: its Schemas, its steps, and the service that it needs |
| \`${template.deployment}.ts\` | the pipeline that is deployed: the program with its layers |
| \`${template.deployment}.test.ts\` | tests of the program with other layers |
| \`deployers.config.ts\` | the deployment and its settings |

| command | effect |
|---|---|
| \`npm run dev\` | serves the pipeline in the foreground and reloads it with each save |
| \`npm test\`, \`npm run check\` | tests; checks the types |
| \`npm run deploy\` | deploys, or replaces the deployment without a gap; prints the URL, the key and a \`curl\` command |
| \`npx deployers delete ${template.deployment} --yes\` | removes the deployment |
`
