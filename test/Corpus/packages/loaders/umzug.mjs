import { memoryStorage, Umzug } from "umzug"

export const answer = async () => {
  const done = []
  const umzug = new Umzug({
    migrations: { glob: ["migrations/*.mjs", { cwd: import.meta.dirname }] },
    context: done,
    storage: memoryStorage(),
    logger: undefined
  })
  const ran = await umzug.up()
  return [ran.map(({ name }) => name), done]
}
