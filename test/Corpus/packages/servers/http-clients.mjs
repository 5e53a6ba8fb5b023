import { once } from "node:events"
import { createServer } from "node:http"
import axios from "axios"
import got from "got"
import ky from "ky"
import nodeFetch from "node-fetch"
import superagent from "superagent"
import { request } from "undici"

export const answer = async () => {
  const server = createServer((_, response) => response.setHeader("content-type", "application/json").end('{"a":1}'))
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const url = `http://127.0.0.1:${server.address().port}/`
  const values = [
    (await axios.get(url)).data,
    await got(url).json(),
    await ky(url).json(),
    await (await nodeFetch(url)).json(),
    (await superagent.get(url)).body,
    await (await request(url)).body.json()
  ]
  server.closeAllConnections()
  server.close()
  return values
}
