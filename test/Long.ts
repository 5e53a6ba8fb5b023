/** `npm run test:long` does more of the same: more replaces, kills and lives than `npm test`. */
export const isLong = process.env["EFFECT_DEPLOYERS_LONG"] === "1"
