/** The page over all deployments, and its server. */
export { type Served, serve } from "./Server.js"
