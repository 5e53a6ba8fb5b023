// What is asked of doc comments and of the result, beyond what TypeDoc validates itself.
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { ReflectionKind } from "typedoc"

const callables = ({ signatures, type }) => signatures ?? type?.declaration?.signatures ?? []
const commentsOf = (reflection) => [reflection, ...callables(reflection)].flatMap(({ comment }) => comment ?? [])
const hasWords = (reflection) =>
  commentsOf(reflection).some(({ summary }) => summary.some(({ text }) => text.trim() !== ""))
const valueOf = (reflection, tag) =>
  commentsOf(reflection)
    .flatMap(({ blockTags }) => blockTags.filter((one) => one.tag === tag))
    .map(({ content }) => content.map(({ text }) => text).join(""))[0]

/** What stands between a reflection and its module. */
const above = ({ parent }) =>
  parent === undefined || parent.kindOf(ReflectionKind.SomeModule | ReflectionKind.Project)
    ? []
    : [parent, ...above(parent)]

/** The type of a value of the same name, such as the type of a Schema: the value has the words for both. */
const isTypeOfValue = ({ kind, name, parent }) =>
  kind === ReflectionKind.TypeAlias &&
  parent?.children?.some((other) => other.name === name && other.kindOf(ReflectionKind.Variable))

const Inferred = ReflectionKind.Variable | ReflectionKind.FunctionOrMethod | ReflectionKind.SomeSignature
const Member = ReflectionKind.Property | ReflectionKind.Method

/** Functions of services and interfaces, and not what a type inferred from a Schema consists of, such as defaults of fields. */
const isFunctionOfService = (reflection) =>
  reflection.kindOf(Member) &&
  reflection.name !== "default" &&
  callables(reflection).length > 0 &&
  !above(reflection).some((parent) => parent.kindOf(Inferred))

/** Every export says what it is for, since when it exists and where it belongs; every function of a service says so too. */
export const checkComments = (project, logger) => {
  const byCategory = new Map()
  for (const reflection of project.getReflectionsByKind(ReflectionKind.All)) {
    if (!reflection.isDeclaration() || reflection.isReference() || isTypeOfValue(reflection)) continue
    const isExport = above(reflection).length === 0
    const name = `${ReflectionKind.singularString(reflection.kind)} ${reflection.getFriendlyFullName()}`
    if ((isExport || isFunctionOfService(reflection)) && !hasWords(reflection)) {
      logger.validationWarning(`${name}: nothing says what it is for`)
    }
    if (!isExport || reflection.kindOf(ReflectionKind.SomeModule)) continue
    if (!/^\d+\.\d+\.\d+$/.test(valueOf(reflection, "@since") ?? "")) {
      logger.validationWarning(`${name}: @since must be the version it came with`)
    }
    const category = valueOf(reflection, "@category")
    if (category === undefined) logger.validationWarning(`${name}: no @category`)
    else byCategory.set(category, [...(byCategory.get(category) ?? []), name])
  }
  for (const [category, [only, ...others]] of byCategory) {
    if (others.length === 0) logger.validationWarning(`${only}: nothing else is in its category, "${category}"`)
  }
}

/** Every link within the result leads to a file of it, and to a place that is there. */
export const checkLinks = (folder, logger) => {
  const pages = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith(".html"))
  const contents = new Map(pages.map((page) => [join(folder, page), readFileSync(join(folder, page), "utf8")]))
  const anchors = new Map(
    [...contents].map(([page, html]) => [
      page,
      new Set(["", ...Array.from(html.matchAll(/ id="([^"]*)"/g), ([, id]) => id)])
    ])
  )
  for (const [page, html] of contents) {
    for (const link of new Set(Array.from(html.matchAll(/<a [^>]*href="([^"]*)"/g), ([, href]) => href))) {
      if (/^[a-z]+:/.test(link)) continue
      const [path, anchor = ""] = decodeURI(link).split("#")
      const target = path === "" ? page : join(dirname(page), path)
      if (!(anchors.get(target)?.has(anchor) ?? existsSync(target))) {
        logger.warn(`${page} links to ${link}, which is not there`)
      }
    }
  }
}
