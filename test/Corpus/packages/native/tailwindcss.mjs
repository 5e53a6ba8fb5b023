import { compile } from "@tailwindcss/node"

export const answer = async () => {
  const { build } = await compile('@import "tailwindcss/utilities";', { base: process.cwd(), onDependency: () => {} })
  return build(["flex"])
}
