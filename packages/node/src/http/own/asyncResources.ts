/**
 * The `async_hooks` resources of received messages, with the types and members of Node's resources. A client
 * makes one resource per request; a server makes one resource per connection.
 */
import { AsyncResource } from "node:async_hooks"
import { asyncIdOf } from "../../socket/fast/asyncHandle.js"
import type { ClientReq } from "../client/shapes.js"
import type { HttpSocket } from "../message/shapes.js"

// `HttpParser.release` emits the destroy event, so the garbage collector need not do so.
const byHand = { requireManualDestroy: true }

const owner = Symbol("owner")
/**
 * The owner (the request or socket) of the resource under construction. `init` hooks run in `super()`, where
 * the member `owner` is not set yet, so the getters below return this variable instead.
 */
let making: unknown

export class HTTPClientAsyncResource extends AsyncResource {
  declare private readonly [owner]: ClientReq
  constructor(req: ClientReq) {
    making = req
    super("HTTPCLIENTREQUEST", byHand)
    this[owner] = req
    making = undefined
  }
  get type(): string {
    return "HTTPINCOMINGMESSAGE"
  }
  get req(): ClientReq {
    return this[owner] ?? (making as ClientReq)
  }
}

export class HTTPServerAsyncResource extends AsyncResource {
  declare private readonly [owner]: HttpSocket
  constructor(socket: HttpSocket) {
    making = socket
    super("HTTPINCOMINGMESSAGE", { triggerAsyncId: asyncIdOf(socket), requireManualDestroy: true })
    this[owner] = socket
    making = undefined
  }
  get type(): string {
    return "HTTPINCOMINGMESSAGE"
  }
  get socket(): HttpSocket {
    return this[owner] ?? (making as HttpSocket)
  }
}
