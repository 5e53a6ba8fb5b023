import { rollup } from "rollup"

export const answer = async () => {
  const modules = { entry: 'import { a } from "dep"; console.log(a)', dep: "export const a = 1; export const b = 2" }
  const plugin = { name: "memory", resolveId: (id) => id, load: (id) => modules[id] }
  const bundle = await rollup({ input: "entry", plugins: [plugin] })
  return (await bundle.generate({ format: "es" })).output[0].code
}
