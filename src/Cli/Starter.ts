/** The files of a starter project. */
import { version } from "../Internal/Version.js"

/** The versions that a starter project pins: this library is tested with them. */
export const versions = {
  dependencies: {
    "@effect/platform": "0.97.2",
    "@effect/platform-node": "0.108.2",
    effect: "3.22.4"
  },
  devDependencies: {
    "@types/node": "20.19.43",
    typescript: "5.9.3"
  }
} as const

/** Names and texts of the files, for a project of that name. */
export const files = (name: string): Readonly<Record<string, string>> => ({
  "package.json": json({
    name: packageName(name),
    version: "0.0.0",
    private: true,
    type: "module",
    engines: { node: ">=20.19" },
    scripts: { check: "tsc" },
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
  "weather.ts": pipeline,
  "README.md": readme(name)
})

// internal

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

const sorted = (record: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))

const packageName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "") || "pipelines"

const pipeline = `import { Effect, Schema } from "effect"
import { Pipeline, Step } from "effect-deployers"

export class CityUnknown extends Schema.TaggedError<CityUnknown>()("CityUnknown", {
  city: Schema.String
}) {}

// Every call of a step is recorded with what came out of it. Steps take a \`retry\` schedule and a \`timeout\`, too.
const forecast = Step.make("forecast", {
  input: Schema.Struct({ city: Schema.String }),
  output: Schema.Struct({ celsius: Schema.Number }),
  error: CityUnknown,
  run: ({ city }) =>
    city === "Atlantis" ? Effect.fail(new CityUnknown({ city })) : Effect.succeed({ celsius: city.length })
})

export const weather = Pipeline.make("weather", {
  description: "Says how warm it is in a city.",
  input: Schema.Struct({
    city: Schema.String,
    unit: Schema.optionalWith(Schema.Literal("C", "F"), { default: () => "C" as const })
  }),
  output: Schema.Struct({ summary: Schema.String }),
  error: CityUnknown,
  run: Effect.fnUntraced(function* ({ city, unit }) {
    const { celsius } = yield* forecast({ city })
    const degrees = unit === "C" ? celsius : Math.round((celsius * 9) / 5 + 32)
    return { summary: \`\${city}: \${degrees}°\${unit}\` }
  })
})
`

const readme = (name: string): string => `# ${name}

A typed pipeline, served over HTTP by [effect-deployers](https://www.npmjs.com/package/effect-deployers). Needs Node 20.19 or later.

\`\`\`sh
npm install
npx deployers deploy weather.ts --name weather
npx deployers invoke weather --city Oslo
\`\`\`

\`deploy\` prints the URL, the key and a \`curl\` command; after a change of \`weather.ts\`, deploy again. \`npm run check\` checks the types, \`npx deployers --help\` lists the other commands, \`npx deployers delete weather --yes\` removes the deployment.
`
