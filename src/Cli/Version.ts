export { version } from "../Version.js"
