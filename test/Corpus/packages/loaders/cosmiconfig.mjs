import { cosmiconfig } from "cosmiconfig"

export const answer = async () =>
  (await cosmiconfig("mytool", { searchStrategy: "none" }).search(`${import.meta.dirname}/settings`))?.config
