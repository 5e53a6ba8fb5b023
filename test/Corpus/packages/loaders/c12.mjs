import { loadConfig } from "c12"

export const answer = async () =>
  (await loadConfig({ name: "app", cwd: `${import.meta.dirname}/settings`, rcFile: false, globalRc: false })).config
