export { version } from "../Internal/Version.js"
