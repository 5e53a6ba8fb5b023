import { all, create } from "mathjs"

export const answer = () => create(all).evaluate("det([1, 2; 3, 4])").toString()
