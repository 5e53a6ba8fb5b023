import { tsImport } from "tsx/esm/api"

export const answer = async () => (await tsImport("./beside/greeting.ts", import.meta.url)).greet("Ada")
