import { compileStringAsync } from "sass-embedded"

export const answer = async () => (await compileStringAsync("$c: red; a { b { color: $c } }")).css
