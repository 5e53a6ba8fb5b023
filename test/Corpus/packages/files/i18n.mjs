import { join } from "node:path"
import { I18n } from "i18n"

const i18n = new I18n({ locales: ["de"], directory: join(import.meta.dirname, "i18n"), updateFiles: false })

export const answer = () => i18n.__({ phrase: "greeting", locale: "de" }, "Ada")
