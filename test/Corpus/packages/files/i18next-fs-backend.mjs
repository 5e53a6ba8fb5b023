import { join } from "node:path"
import i18next from "i18next"
import Backend from "i18next-fs-backend"

export const answer = async () => {
  const loadPath = join(import.meta.dirname, "locales/{{lng}}.json")
  await i18next.use(Backend).init({ lng: "de", fallbackLng: "en", backend: { loadPath } })
  return [i18next.t("hello"), i18next.t("only")]
}
