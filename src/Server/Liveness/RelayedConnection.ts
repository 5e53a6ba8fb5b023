/** A connection that the liveness thread has accepted, as the HTTP server of this process reads and writes it. */
import { Duplex } from "node:stream"
import type { Addresses, ToThread } from "./Messages.js"

/** A stream to the caller of a connection, with the addresses of its socket. */
export class RelayedConnection extends Duplex implements Addresses {
  readonly remoteAddress: string | undefined
  readonly remoteFamily: string | undefined
  readonly remotePort: number | undefined
  readonly localAddress: string | undefined
  readonly localPort: number | undefined
  readonly #id: number
  readonly #send: (message: ToThread, moved?: Uint8Array<ArrayBuffer>) => void
  #written: (() => void) | undefined
  #isGone = false
  #silence: NodeJS.Timeout | undefined

  constructor(id: number, addresses: Addresses, send: (message: ToThread, moved?: Uint8Array<ArrayBuffer>) => void) {
    super({ allowHalfOpen: true })
    this.remoteAddress = addresses.remoteAddress
    this.remoteFamily = addresses.remoteFamily
    this.remotePort = addresses.remotePort
    this.localAddress = addresses.localAddress
    this.localPort = addresses.localPort
    this.#id = id
    this.#send = send
  }

  /** Emits `timeout` after a time without bytes in either direction, as a socket does; 0 for never. */
  setTimeout(millis: number, then?: () => void): this {
    clearTimeout(this.#silence)
    if (then !== undefined) this.once("timeout", then)
    this.#silence = millis === 0 ? undefined : setTimeout(() => this.emit("timeout"), millis).unref()
    return this
  }

  /** Takes bytes of the caller. */
  received(bytes: Uint8Array): void {
    this.#silence?.refresh()
    this.push(bytes)
  }

  /** The caller has got the last bytes, or never will. */
  written(): void {
    this.#silence?.refresh()
    const then = this.#written
    this.#written = undefined
    then?.()
  }

  /** The socket is closed. */
  gone(): void {
    this.#isGone = true
    this.destroy()
  }

  /** Closes the connection when its last bytes are written. Node's HTTP server calls it after the last answer. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once("finish", () => this.destroy())
  }

  override _read(): void {
    this.#send({ _tag: "More", connection: this.#id })
  }

  override _write(chunk: Buffer, _encoding: string, then: () => void): void {
    this.#written = then
    const bytes = new Uint8Array(chunk)
    this.#send({ _tag: "Data", connection: this.#id, bytes }, bytes)
  }

  override _final(then: () => void): void {
    this.#written = then
    this.#send({ _tag: "End", connection: this.#id })
  }

  override _destroy(error: Error | null, then: (error: Error | null) => void): void {
    clearTimeout(this.#silence)
    if (!this.#isGone) this.#send({ _tag: "Destroy", connection: this.#id })
    then(error)
  }
}
