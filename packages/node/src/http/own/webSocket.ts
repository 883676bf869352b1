/**
 * `http.WebSocket`, `http.CloseEvent` and `http.MessageEvent`. If Node has global classes of these names,
 * they are exported. Before Node 22 no global `WebSocket` exists, so this file provides a class with the same
 * members.
 *
 * The opening handshake of our class is a `ClientRequest`. The `ws` package parses and writes the frames. Our
 * class never offers an extension in the handshake, so frames are never compressed.
 */
import type nodeCrypto from "node:crypto"
import { createRequire } from "node:module"
import type { Duplex } from "node:stream"
import { ClientRequest } from "../client/request.js"
import type { ClientReq } from "../client/shapes.js"
import { codedTypeError } from "./errors.js"
import { framingOf, type Framing } from "./framing.js"
import type { Incoming } from "../message/shapes.js"

// Load these modules on first use, because most programs never open a WebSocket.
const load = (name: string): unknown => createRequire(import.meta.url)(name)
const framing = (): Framing => framingOf(load("ws"))
const crypto = (): typeof nodeCrypto => load("node:crypto") as typeof nodeCrypto

interface CloseInit extends EventInit {
  readonly wasClean?: boolean
  readonly code?: number
  readonly reason?: string
}

class OwnCloseEvent extends Event {
  readonly wasClean: boolean
  readonly code: number
  readonly reason: string
  constructor(type: string, init: CloseInit = {}) {
    super(type, init)
    this.wasClean = init.wasClean ?? false
    this.code = init.code ?? 0
    this.reason = init.reason ?? ""
  }
}
Object.defineProperty(OwnCloseEvent, "name", { value: "CloseEvent" })

interface Globals {
  WebSocket?: unknown
  CloseEvent?: unknown
  MessageEvent: typeof MessageEvent
}
const globals = globalThis as unknown as Globals

/** Returns the `sec-websocket-accept` value for a key (RFC 6455 §1.3). */
const accepts = (key: string): string =>
  crypto().createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64")

const CONNECTING = 0
const OPEN = 1
const CLOSING = 2
const CLOSED = 3

const domError = (message: string, name: string): DOMException => new DOMException(message, name)

/**
 * Parses the URL of a WebSocket. The URL must have the scheme ws, wss, http or https, and must not have a
 * fragment (WHATWG WebSockets §3.1).
 */
const readUrl = (given: string | URL): URL => {
  let url: URL
  try {
    url = new URL(given)
  } catch {
    throw domError(`Invalid URL: ${String(given)}`, "SyntaxError")
  }
  if (url.protocol === "http:") url.protocol = "ws:"
  if (url.protocol === "https:") url.protocol = "wss:"
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    throw domError("Expected a ws: or wss: protocol", "SyntaxError")
  }
  if (url.hash !== "" || url.href.endsWith("#")) throw domError("Got fragment", "SyntaxError")
  return url
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

const readProtocols = (given: string | ReadonlyArray<string>): ReadonlyArray<string> => {
  const protocols = typeof given === "string" ? [given] : given
  const names = new Set(protocols.map((name) => name.toLowerCase()))
  if (names.size !== protocols.length || !protocols.every((name) => token.test(name))) {
    throw domError("Invalid Sec-WebSocket-Protocol value", "SyntaxError")
  }
  return protocols
}

type Options = {
  readonly protocols?: string | ReadonlyArray<string>
  readonly headers?: object
  readonly agent?: unknown
}
type Handler = ((event: Event) => void) | null

export class OwnWebSocket extends EventTarget {
  readonly #url: URL
  readonly #request: ClientReq
  readonly #handlers = new Map<string, { handler: Handler; listener: (event: Event) => void }>()
  #state: number = CONNECTING
  #protocol = ""
  #binaryType: "blob" | "arraybuffer" = "blob"
  #buffered = 0
  /**
   * A promise that completes when all queued messages have been sent; `undefined` if the queue is empty.
   * Reading the bytes of a `Blob` takes time. Later messages meanwhile wait in the queue, so that messages
   * are sent in the order of the calls of `send`.
   */
  #reading: Promise<void> | undefined
  #socket: Duplex | undefined
  #sender: InstanceType<Framing["Sender"]> | undefined
  /** The payload of the last ping, while backpressure of the socket delays its pong. */
  #pong: Buffer | undefined
  /** The code and the reason of the peer's close frame. */
  #ending: { readonly code: number; readonly reason: string } | undefined

  constructor(url: string | URL, given: string | ReadonlyArray<string> | Options = []) {
    super()
    if (arguments.length === 0)
      throw codedTypeError("ERR_MISSING_ARGS", 'The "url" argument must be specified')
    const options: Options =
      typeof given === "string" || Array.isArray(given) ? { protocols: given } : (given as Options)
    this.#url = readUrl(url)
    const protocols = readProtocols(options.protocols ?? [])
    const key = crypto().randomBytes(16).toString("base64")
    const http = new URL(this.#url)
    http.protocol = this.#url.protocol === "wss:" ? "https:" : "http:"
    this.#request = openingRequest(http, key, protocols, options)
    const request = this.#request
    request.on("upgrade", (response: Incoming, socket: Duplex, head: Buffer) => {
      const refused = faultOf(response, key, protocols)
      if (refused === undefined) this.#open(response, socket, head)
      else {
        socket.destroy()
        this.#fail(new Error(refused))
      }
    })
    request.on("response", (response: Incoming) => {
      response.destroy()
      this.#fail(new Error("Received network error or non-101 status code."))
    })
    request.on("error", (error: Error) => this.#fail(error))
    ;(request as unknown as { end(): void }).end()
  }

  get url(): string {
    return this.#url.href
  }
  get readyState(): number {
    return this.#state
  }
  get bufferedAmount(): number {
    return this.#buffered
  }
  get extensions(): string {
    return ""
  }
  get protocol(): string {
    return this.#protocol
  }
  get binaryType(): "blob" | "arraybuffer" {
    return this.#binaryType
  }
  set binaryType(type: "blob" | "arraybuffer") {
    this.#binaryType = type === "arraybuffer" ? "arraybuffer" : "blob"
  }

  get onopen(): Handler {
    return this.#handler("open")
  }
  set onopen(handler: Handler) {
    this.#setHandler("open", handler)
  }
  get onmessage(): Handler {
    return this.#handler("message")
  }
  set onmessage(handler: Handler) {
    this.#setHandler("message", handler)
  }
  get onerror(): Handler {
    return this.#handler("error")
  }
  set onerror(handler: Handler) {
    this.#setHandler("error", handler)
  }
  get onclose(): Handler {
    return this.#handler("close")
  }
  set onclose(handler: Handler) {
    this.#setHandler("close", handler)
  }

  send(data: string | ArrayBuffer | ArrayBufferView | Blob): void {
    if (this.#state === CONNECTING) throw domError("Sent before connected.", "InvalidStateError")
    if (arguments.length === 0) {
      throw codedTypeError("ERR_MISSING_ARGS", 'The "data" argument must be specified')
    }
    if (data instanceof Blob) {
      this.#buffered += data.size
      this.#inTurn(async () => {
        const bytes = Buffer.from(await data.arrayBuffer())
        this.#buffered -= bytes.length
        this.#send(bytes, true)
      })
    } else if (typeof data === "string") {
      this.#sendInTurn(Buffer.from(data), false)
    } else if (ArrayBuffer.isView(data)) {
      this.#sendInTurn(Buffer.from(data.buffer, data.byteOffset, data.byteLength), true)
    } else if (data instanceof ArrayBuffer) {
      this.#sendInTurn(Buffer.from(data), true)
    } else {
      this.#sendInTurn(Buffer.from(String(data)), false)
    }
  }

  close(given?: number, said: unknown = ""): void {
    // Convert the arguments as WebIDL does: `code` to an unsigned short, and `reason` to a string.
    const code =
      given === undefined ? undefined : Math.min(Math.max(Math.round(Number(given) || 0), 0), 65535)
    const reason = String(said)
    if (code !== undefined && code !== 1000 && (code < 3000 || code > 4999)) {
      throw domError("invalid code", "InvalidAccessError")
    }
    if (Buffer.byteLength(reason) > 123) throw domError("Reason must be less than 123 bytes", "SyntaxError")
    if (this.#state === CONNECTING) {
      this.#state = CLOSING
      this.#request.destroy()
    } else if (this.#state === OPEN) {
      this.#state = CLOSING
      if (this.#reading === undefined) this.#sender!.close(code, reason, true)
      else {
        this.#inTurn(() => {
          if (this.#isClosing()) this.#sender!.close(code, reason, true)
        })
      }
    }
  }

  #handler(type: string): Handler {
    return this.#handlers.get(type)?.handler ?? null
  }

  #setHandler(type: string, handler: Handler): void {
    const before = this.#handlers.get(type)
    if (before !== undefined) this.removeEventListener(type, before.listener)
    this.#handlers.delete(type)
    if (typeof handler !== "function") return
    const listener = (event: Event): void => handler.call(this, event)
    this.#handlers.set(type, { handler, listener })
    this.addEventListener(type, listener)
  }

  /** Whether the program has called `close()` and the peer's close frame has not arrived yet. */
  #isClosing(): boolean {
    return this.#state === CLOSING && this.#ending === undefined
  }

  #inTurn(step: () => void | Promise<void>): void {
    const mine = (this.#reading ?? Promise.resolve())
      .then(step, step)
      .catch((error) => this.#fail(error as Error))
    this.#reading = mine
    void mine.then(() => {
      if (this.#reading === mine) this.#reading = undefined
    })
  }

  #sendInTurn(bytes: Buffer, binary: boolean): void {
    if (this.#reading === undefined) return this.#send(bytes, binary)
    this.#buffered += bytes.length
    // Copy the bytes, because the caller may reuse its buffer before the queued message is sent.
    const copy = Buffer.from(bytes)
    this.#inTurn(() => {
      this.#buffered -= copy.length
      this.#send(copy, binary)
    })
  }

  #send(bytes: Buffer, binary: boolean): void {
    this.#buffered += bytes.length
    // After `close()`, still send the messages that were queued before it, because the close frame is queued
    // behind them.
    if (this.#state !== OPEN && !(this.#isClosing() && this.#reading !== undefined)) return
    this.#sender!.send(bytes, { binary, mask: true, fin: true, compress: false }, () => {
      this.#buffered -= bytes.length
    })
  }

  #open(response: Incoming, socket: Duplex, head: Buffer): void {
    const { Receiver, Sender } = framing()
    this.#socket = socket
    this.#protocol = String(response.headers["sec-websocket-protocol"] ?? "")
    this.#sender = new Sender(socket, {})
    const receiver = new Receiver({ binaryType: "nodebuffer", isServer: false, extensions: {} })
    receiver.on("message", (data: Buffer, binary: boolean) => this.#message(data, binary))
    receiver.on("ping", (data: Buffer) => this.#pinged(socket, data))
    socket.on("drain", () => {
      const pong = this.#pong
      this.#pong = undefined
      if (pong !== undefined) this.#pinged(socket, pong)
    })
    receiver.on("conclude", (code: number, reason: Buffer) => {
      this.#ending = { code, reason: reason.toString() }
      const answered = this.#state === CLOSING
      this.#state = CLOSING
      if (answered) socket.end()
      else this.#sender!.close(code === 1005 ? undefined : code, "", true, () => socket.end())
    })
    receiver.on("error", (error: Error) => {
      this.#sender!.close(1002, "", true)
      socket.destroy()
      this.#fail(error)
    })
    socket.on("error", (error: Error) => this.#fail(error))
    socket.on("close", () => this.#closed())
    socket.on("end", () => socket.end())
    this.#state = OPEN
    this.dispatchEvent(new Event("open"))
    if (head.length > 0) receiver.write(head)
    socket.on("data", (chunk: Buffer) => {
      if (receiver.write(chunk)) return
      socket.pause()
      receiver.once("drain", () => socket.resume())
    })
  }

  // A pong for the latest ping also answers all earlier pings (RFC 6455 §5.5.3), so keep only the payload of
  // the latest ping.
  #pinged(socket: Duplex, data: Buffer): void {
    if (this.#state !== OPEN) return
    if (socket.writableNeedDrain) this.#pong = Buffer.from(data)
    else this.#sender!.pong(data, true)
  }

  #message(data: Buffer, binary: boolean): void {
    if (this.#state !== OPEN) return
    let value: unknown = data.toString()
    if (binary) {
      const bytes = new Uint8Array(data)
      value = this.#binaryType === "blob" ? new Blob([bytes]) : bytes.buffer
    }
    this.dispatchEvent(new globals.MessageEvent("message", { data: value, origin: this.#url.origin }))
  }

  #fail(error: Error): void {
    if (this.#state === CLOSED) return
    const event = new Event("error")
    Object.defineProperties(event, {
      error: { value: error, enumerable: true },
      message: { value: error.message, enumerable: true }
    })
    this.dispatchEvent(event)
    if (this.#socket === undefined) this.#closed()
  }

  #closed(): void {
    if (this.#state === CLOSED) return
    this.#state = CLOSED
    const { code, reason } = this.#ending ?? { code: 1006, reason: "" }
    const wasClean = this.#ending !== undefined
    this.dispatchEvent(new OwnCloseEvent("close", { wasClean, code, reason }))
  }
}
Object.defineProperty(OwnWebSocket, "name", { value: "WebSocket" })
// WebIDL defines the constants both on the class and on the prototype, and makes all members enumerable.
const members = Object.getOwnPropertyDescriptors(OwnWebSocket.prototype) as Record<string, PropertyDescriptor>
for (const [name, member] of Object.entries(members)) {
  if (name !== "constructor") {
    Object.defineProperty(OwnWebSocket.prototype, name, { ...member, enumerable: true })
  }
}
for (const [name, value] of Object.entries({ CONNECTING, OPEN, CLOSING, CLOSED })) {
  for (const place of [OwnWebSocket, OwnWebSocket.prototype]) {
    Object.defineProperty(place, name, { value, enumerable: true })
  }
}
Object.defineProperty(OwnWebSocket.prototype, Symbol.toStringTag, { value: "WebSocket", configurable: true })

const openingRequest = (
  url: URL,
  key: string,
  protocols: ReadonlyArray<string>,
  options: Options
): ClientReq => {
  const headers: { [name: string]: unknown } = {
    ...options.headers,
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Key": key,
    "Sec-WebSocket-Version": "13"
  }
  if (protocols.length > 0) headers["Sec-WebSocket-Protocol"] = protocols.join(", ")
  const secure = url.protocol === "https:"
  // If the option `agent` is missing, the request uses the global agent of its protocol.
  const agent = options.agent ? { agent: options.agent } : secureOptions(secure)
  return new (ClientRequest as unknown as new (url: URL, options: object) => ClientReq)(url, {
    headers,
    ...agent
  })
}

let secureAgent: (() => object) | undefined
/**
 * Registers a function that returns the global agent of https. The https module calls `provideSecureAgent`,
 * because https imports http and this file therefore cannot import https.
 */
export const provideSecureAgent = (agent: () => object): void => {
  secureAgent = agent
}
const secureOptions = (secure: boolean): object => {
  if (!secure) return {}
  if (secureAgent === undefined) load("./https.cjs")
  return { _defaultAgent: secureAgent?.() }
}

/**
 * Checks whether a response establishes the WebSocket (RFC 6455 §4.1). Returns `undefined` if it does,
 * otherwise the reason of the failure.
 */
const faultOf = (response: Incoming, key: string, protocols: ReadonlyArray<string>): string | undefined => {
  const { headers } = response
  if (String(headers["upgrade"]).toLowerCase() !== "websocket")
    return "Server did not set Upgrade header to websocket."
  if (headers["sec-websocket-accept"] !== accepts(key))
    return "Incorrect hash received in Sec-WebSocket-Accept header."
  const protocol = headers["sec-websocket-protocol"]
  if (protocol !== undefined && !protocols.includes(String(protocol)))
    return "Protocol was not set in the opening handshake."
  if (headers["sec-websocket-extensions"]) return "Received an extension that was not offered."
  return undefined
}

export const webSocketClass = (): unknown => globals.WebSocket ?? OwnWebSocket
export const closeEventClass = (): unknown => globals.CloseEvent ?? OwnCloseEvent
export const messageEventClass = (): unknown => globals.MessageEvent
