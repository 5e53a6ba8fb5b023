import { minify } from "terser"

export const answer = async () => (await minify("function add(first, second) { return first + second }")).code
