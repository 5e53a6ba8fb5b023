// The ids by which a control, its hint and its problem belong together.

import { element } from "../../shared/elements.js"

let count = 0

export const described = ({ description = "" }) => {
  count++
  const [id, hintId, saidId] = ["field", "hint", "said"].map((part) => part + count)
  return {
    about: { id, "aria-describedby": `${hintId} ${saidId}` },
    hint: element("p", { id: hintId, class: "hint muted" }, description),
    said: element("p", { id: saidId, class: "bad" })
  }
}
