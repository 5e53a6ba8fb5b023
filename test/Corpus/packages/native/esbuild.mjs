import { transform } from "esbuild"

export const answer = async () => (await transform("let a: number = 1", { loader: "ts", minify: true })).code
