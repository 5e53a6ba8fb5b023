import { compileString } from "sass"

export const answer = () => compileString("$c: red; a { b { color: $c } }").css
