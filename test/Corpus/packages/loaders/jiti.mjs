import { createJiti } from "jiti"

const jiti = createJiti(import.meta.url)

export const answer = async () => [
  (await jiti.import("./beside/greeting.ts")).greet("Ada"),
  jiti("./beside/greeting").greet("Bob"),
  await jiti.import("./beside/settings", { default: true })
]
