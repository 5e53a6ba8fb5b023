// The session of the page; then the list starts.

import { $, say } from "../shared/polling.js"
import { session } from "./api.js"
import { startDetail } from "./detail.js"
import { startList } from "./list.js"
import { startLog } from "./log.js"
import { startRuns } from "./runs.js"
import { startTimeline } from "./timeline.js"

/** Exchanges the token of the address. It is good for one browser; a browser with a session needs none. */
const exchange = async () => {
  const [, token] = /^#token=([\w-]+)$/.exec(location.hash) ?? []
  if (token === undefined) return
  history.replaceState(null, "", location.pathname)
  await fetch("session", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token })
  }).catch(() => {})
}

session.ended = () => {
  $("main").hidden = true
  say("said", "")
  say("notice", "This address was used before, or its server has ended. Run deployers ui again for a new one.")
}

await exchange()
startDetail()
startList()
startTimeline()
startRuns()
startLog()
