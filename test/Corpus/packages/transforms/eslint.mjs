import { Linter } from "eslint"

export const answer = () =>
  new Linter()
    .verify("var a = 1; debugger", { rules: { "no-debugger": "error", "no-var": "error" } })
    .map(({ ruleId }) => ruleId)
