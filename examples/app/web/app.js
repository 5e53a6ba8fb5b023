// The page asks its pipeline at the same origin: no key in the page, no CORS. The events of the run move the bar.

const order = document.querySelector("#order")
const progress = document.querySelector("#progress")
const quote = document.querySelector("#quote")

const parameters = () => {
  const { count, customer, product, street } = Object.fromEntries(new FormData(order))
  return {
    customer,
    items: [{ product, count: Number(count) }],
    delivery: street === "" ? { _tag: "Pickup", store: "Oslo" } : { _tag: "Courier", street, city: "Oslo" }
  }
}

/** The events of a run: `event: NAME` and `data: JSON`, with an empty line after each. */
async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ""
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const frames = (rest + value).split("\n\n")
    rest = frames.pop()
    for (const frame of frames) {
      const [, event] = /^event: (.+)$/m.exec(frame) ?? []
      const [, data] = /^data: (.+)$/m.exec(frame) ?? []
      if (data !== undefined) yield { event, data: JSON.parse(data) }
    }
  }
}

const show = ({ error, outputs, status }) => {
  quote.textContent =
    status === "succeeded"
      ? `${outputs.total} with delivery; ${outputs.earlier} earlier quotes.`
      : (error?.message ?? `The run has ended: ${status}.`)
}

order.addEventListener("submit", async (event) => {
  event.preventDefault()
  progress.hidden = false
  quote.textContent = ""
  const response = await fetch("/invoke", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify({ parameters: parameters() })
  })
  if (response.ok) {
    for await (const { data, event } of eventsOf(response)) {
      if (event === "message") progress.value = data.progress
      if (event === "run_finished") show(data)
    }
  } else quote.textContent = (await response.json()).message
  progress.hidden = true
})
