/** The headers that every response has: those of the settings, or the usual ones. */
import type { SecureHeaders } from "../../Settings/ResponseHeaders.js"

/** A name and a value. */
export type Line = readonly [name: string, value: string]

/** The headers of the settings. */
export const make = (settings: SecureHeaders): ReadonlyArray<Line> =>
  entries.flatMap(([setting, name, usual]): ReadonlyArray<Line> => {
    const value = settings[setting]
    if (value === false) return []
    return [[name, value === true ? usual : value]]
  })

// internal

const twoYears = 63_072_000

const entries: ReadonlyArray<readonly [setting: keyof SecureHeaders, name: string, usual: string]> = [
  ["cacheControl", "Cache-Control", "no-store"],
  ["contentSecurityPolicy", "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"],
  ["contentTypeOptions", "X-Content-Type-Options", "nosniff"],
  ["referrerPolicy", "Referrer-Policy", "no-referrer"],
  ["frameOptions", "X-Frame-Options", "DENY"],
  ["strictTransportSecurity", "Strict-Transport-Security", `max-age=${twoYears}; includeSubDomains`],
  ["permissionsPolicy", "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"],
  ["server", "Server", "effect-deployers"]
]
