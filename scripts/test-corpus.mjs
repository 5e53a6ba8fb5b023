// `npm run test:corpus`: every package and every shape of a project, bundled, deployed and invoked. One line for each row.
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { ensure, stop } from "./engine.mjs"

const engine = await ensure({ say: (text) => process.stderr.write(`${text}\n`) })
try {
  const { status } = spawnSync(
    join("node_modules", ".bin", "vitest"),
    ["run", join("test", "Corpus"), "--reporter=./scripts/corpus-reporter.mjs", ...process.argv.slice(2)],
    { stdio: "inherit", env: { ...process.env, DOCKER_HOST: engine.host, EFFECT_DEPLOYERS_CORPUS: "all" } }
  )
  process.exitCode = status ?? 1
} finally {
  if (engine.owned) await stop({ wipe: true })
}
