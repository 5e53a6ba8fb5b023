/** Findings of the checks of `deployers doctor`. */
import type { Finding } from "../Doctor.js"

export type { Finding }

/** The machine is as it should be. */
export const ok = (detail: string): Finding => ({ status: "ok", detail })

/** Deployments work, and a part of them differs from what users expect. */
export const warning = (detail: string, remedy: string): Finding => ({ status: "warning", detail, remedy })

/** Commands or deployments fail. */
export const fault = (detail: string, remedy: string): Finding => ({ status: "fault", detail, remedy })

/** A count with its noun. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`
