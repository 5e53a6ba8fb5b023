import { getQuickJS } from "quickjs-emscripten"

export const answer = async () => (await getQuickJS()).evalCode("[1, 2, 3].map((n) => n * 2).join()")
