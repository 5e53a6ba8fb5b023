// An empty node:http process: the floor for start-up time and memory.
import { createServer } from "node:http"
import { announce } from "./common.mjs"

const server = createServer((request, response) => {
  request.resume().on("end", () => response.writeHead(200, { "content-type": "application/json" }).end("{}"))
})
server.listen(0, "127.0.0.1", () => announce(server.address().port))
