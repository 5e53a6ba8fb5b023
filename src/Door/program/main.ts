/**
 * The program of a door: `node main.mjs FOLDER`. It owns the listening socket of a deployment's URL, as the inherited file
 * descriptor 3, and never accepts a connection: the instances that it starts inherit the socket and accept. A connection
 * that no instance accepts yet waits in the socket. When no instance has lived for a while, a process that answers with 503
 * inherits the socket, too, until one lives again.
 *
 * It uses modules of Node only, for a small process that lives as long as the deployment. It ends with its folder.
 */
import { answer } from "./answer.js"
import { keep } from "./keep.js"

const [folder = "", command] = process.argv.slice(2)

if (command === "answer") answer()
else keep(folder)
