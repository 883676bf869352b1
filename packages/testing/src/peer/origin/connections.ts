/**
 * A network that numbers its accepted connections and can cut off their responses. The number is stored in
 * place of the peer's address, so that a handler can read it.
 *
 * With TLS, the server gets a connection only after the handshake. A connection whose handshake fails is
 * closed, but still counted.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Network from "@httpfx/core/Network"
import { turn } from "@httpfx/core/PlatformTimers"
import { tcp, type Transport } from "@httpfx/core/Transport"
import { copyOf } from "../../network/bytes.js"

type End = "reset" | "end"

interface Cut {
  readonly by: End
  /** Number of bytes that may still be sent. `undefined` means all bytes up to the end of the next head. */
  readonly bytes: number | undefined
}

// Any single-byte encoding can be used to find the end of a head, because CR and LF are ASCII.
const decoder = new TextDecoder("latin1")
const endOfHead = "\r\n\r\n"

/** A numbered connection. Its response can be cut off. */
class Numbered {
  readonly transport: Transport
  private cut: Cut | undefined
  private over = false
  /**
   * The last characters that were sent of a head. The search for the end of the head needs them, because the
   * end may span writes.
   */
  private tail = ""

  constructor(
    private readonly inner: Transport,
    number: number
  ) {
    const write = (data: string | Uint8Array, body?: Uint8Array) => this.write(data, body)
    this.transport = new Proxy(inner, {
      get: (target, key) => {
        if (key === "remote") return tcp(`connection ${number}`, 0)
        if (key === "write") return write
        const value: unknown = Reflect.get(target, key)
        return typeof value === "function" ? (value.bind(target) as unknown) : value
      }
    })
  }

  breakOff(by: End, bytes: number | undefined): void {
    this.cut = { by, bytes }
    if (bytes === 0) this.finish(by)
  }

  private write(data: string | Uint8Array, body?: Uint8Array): boolean {
    const { cut, inner } = this
    if (this.over) return false
    if (cut === undefined) return body === undefined ? inner.write(data) : inner.write(data, body)
    const bytes = copyOf(data, body)
    const left = cut.bytes ?? this.restOfHead(bytes)
    const part = bytes.subarray(0, left)
    const taken = inner.write(part)
    if (left === undefined) return taken
    this.cut = { by: cut.by, bytes: left - part.length }
    if (left > part.length) return taken
    this.finish(cut.by)
    return false
  }

  /**
   * Returns the number of these bytes that belong to the head. Returns `undefined` if the head continues
   * after them.
   */
  private restOfHead(bytes: Uint8Array): number | undefined {
    const text = this.tail + decoder.decode(bytes)
    const found = text.indexOf(endOfHead)
    if (found >= 0) return found + endOfHead.length - this.tail.length
    this.tail = text.slice(-3)
    return undefined
  }

  // Ends the connection. RST discards unsent bytes, so a reset waits for a later turn, in which the written
  // bytes have been sent.
  private finish(by: End): void {
    this.over = true
    this.inner.uncork()
    if (by === "end") this.inner.end()
    else turn(() => this.inner.reset())
  }
}

export const connectionNumbers = (
  network: Network.Service,
  tls: Omit<Network.TlsOptions, "role"> | undefined
) => {
  let count = 0
  const open = new Map<number, Numbered>()
  const number = (transport: Transport, number: number): Transport => {
    const numbered = new Numbered(transport, number)
    open.set(number, numbered)
    return numbered.transport
  }
  const numbered: Network.Service = {
    ...network,
    listen: (options, onConnection) =>
      network.listen(options, (transport) => {
        const current = ++count
        if (tls === undefined) return onConnection(number(transport, current))
        const secured = network.secure(transport, { ...tls, role: "server" })
        Effect.runFork(secured).addObserver((exit) => {
          if (Exit.isSuccess(exit)) onConnection(number(exit.value, current))
        })
      })
  }
  return {
    network: numbered,
    count: () => count,
    /**
     * Ends a connection after this many further bytes. If `bytes` is `undefined`, ends it after the next
     * head.
     */
    cut: (number: number, by: End, bytes: number | undefined) => open.get(number)?.breakOff(by, bytes),
    numberOf: (remoteAddress: Option.Option<string>): number =>
      Option.match(remoteAddress, {
        onNone: () => 0,
        onSome: (text) => Number(text.replace("connection ", ""))
      })
  }
}
