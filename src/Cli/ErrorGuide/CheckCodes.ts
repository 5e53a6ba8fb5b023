/** The codes of the findings of `deployers doctor`, by the names of its checks. */
import type { ErrorCode } from "../../Contract/ErrorCodes.js"

export const checkCodes = {
  node: "ED8001",
  bundler: "ED8002",
  effect: "ED8003",
  typescript: "ED8004",
  "home folder": "ED8005",
  "key file": "ED8006",
  "file system": "ED8007",
  "disk space": "ED8008",
  "hard links": "ED8009",
  registry: "ED8010",
  deployments: "ED8011",
  bundles: "ED8012",
  supervisor: "ED8013",
  clock: "ED8014",
  "process table": "ED8015",
  network: "ED8016",
  ports: "ED8017",
  "fixed ports": "ED8018",
  proxy: "ED8019",
  engine: "ED8020",
  "engine files": "ED8021"
} as const satisfies Readonly<Record<string, ErrorCode>>

/** The code of a check; none for a check of another program. */
export const codeOfCheck = (name: string): ErrorCode | undefined =>
  Object.entries(checkCodes).find(([check]) => check === name)?.[1]
