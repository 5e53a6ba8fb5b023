import { Pull, Push } from "zeromq"

export const answer = async () => {
  const push = new Push()
  const pull = new Pull()
  await push.bind("inproc://corpus")
  pull.connect("inproc://corpus")
  await push.send("hello")
  const [message] = await pull.receive()
  push.close()
  pull.close()
  return String(message)
}
