import { transformWithEsbuild, version } from "vite"

export const answer = async () => [typeof version, (await transformWithEsbuild("let a: number = 1", "a.ts")).code]
