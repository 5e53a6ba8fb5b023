import { parseSync } from "oxc-parser"

export const answer = () => parseSync("a.ts", "const a: number = 1").program.body.map(({ type }) => type)
