import { transformSync } from "@swc/core"

export const answer = () => transformSync("const a: number = 1", { jsc: { parser: { syntax: "typescript" } } }).code
