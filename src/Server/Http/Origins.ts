/** The check of the page that sends a request, against pages of other sites (DNS rebinding). */
import type { Serving } from "../../Settings/Serving.js"

/** The part of a request that the check reads. */
export interface Sender {
  readonly headers: { readonly [name: string]: string | undefined }
}

/**
 * Makes the check: programs send no origin; a page is accepted from the host of the service, which the guard has checked, and
 * from the origins of the setting `cors`.
 */
export const make = ({ cors }: Pick<Serving, "cors">): ((sender: Sender) => boolean) => {
  const origins = new Set<string>(cors?.origins)
  return ({ headers: { host, origin } }) =>
    origin === undefined || origins.has("*") || origins.has(origin) || hostOf(origin) === host?.toLowerCase()
}

// internal

const hostOf = (origin: string): string => /^https?:\/\/([^/]+)$/i.exec(origin)?.[1]?.toLowerCase() ?? ""
