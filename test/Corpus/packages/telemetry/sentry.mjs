import * as Sentry from "@sentry/node"

const events = []
Sentry.init({
  dsn: "https://key@localhost/1",
  beforeSend: (event) => {
    events.push(event.exception.values[0].value)
    return null
  }
})

export const answer = async () => {
  Sentry.captureException(new Error("caught"))
  await Sentry.flush(1000)
  return events.includes("caught")
}
