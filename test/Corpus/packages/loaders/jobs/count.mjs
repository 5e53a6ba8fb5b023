import { parentPort } from "node:worker_threads"

parentPort.postMessage({ counted: 3 })
parentPort.postMessage("done")
