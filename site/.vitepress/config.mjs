// The site of the documentation. `scripts/site.mjs` puts the pages into `site/pages` and builds it.
import { readFileSync } from "node:fs"
import { groups } from "./groups.mjs"

const pages = new URL("../pages/", import.meta.url)

/** The first heading of a page, without its code marks. */
const titleOf = (name) => {
  const [first = ""] = readFileSync(new URL(`${name}.md`, pages), "utf8").split("\n")
  return first.replace(/^# /, "").replaceAll("`", "")
}

/** The anchor of a heading as in the repository, so that the links of the pages lead to it in both places. */
const slugify = (heading) =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
    .replaceAll(" ", "-")

// biome-ignore lint/style/noDefaultExport: VitePress reads the default export.
export default {
  title: "effect-deployers",
  description: "Typed pipelines as long-running HTTP services.",
  lang: "en",
  srcDir: "pages",
  outDir: "dist",
  lastUpdated: false,
  markdown: { anchor: { slugify } },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      { text: "Tutorial", link: "/tutorial" },
      { text: "Commands", link: "/cli" },
      { text: "Settings", link: "/settings" }
    ],
    sidebar: Object.entries(groups).map(([text, names]) => ({
      text,
      items: names.map((name) => ({ text: titleOf(name), link: `/${name}` }))
    }))
  }
}
