import { transform } from "esbuild-wasm"

export const answer = async () => (await transform("let a: number = 1", { loader: "ts" })).code
