// The part of the library `ws` that the WebSockets of runs use. `scripts/pages.mjs` makes websocket.js.br of this module.
export { WebSocketServer } from "ws"
