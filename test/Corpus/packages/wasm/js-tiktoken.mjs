import { getEncoding } from "js-tiktoken"

export const answer = () => getEncoding("o200k_base").encode("hello world")
