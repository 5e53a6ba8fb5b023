import { import as load } from "importx"

export const answer = async () => (await load("./beside/greeting.ts", import.meta.url)).greet("Ada")
