import prettier from "prettier"

export const answer = async () => [
  await prettier.format("let  a=1", { parser: "typescript" }),
  await prettier.format("a{b:c}", { parser: "css" }),
  await prettier.format("# a\n* b", { parser: "markdown" })
]
