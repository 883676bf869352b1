/**
 * The `async_hooks` resources of received messages, with the types and members of Node's resources. A client
 * makes one resource per request. A server makes one resource per connection.
 */
import { AsyncResource } from "node:async_hooks"
import { asyncIdOf } from "../../socket/fast/asyncHandle.js"
import type { ClientReq } from "../client/shapes.js"
import type { HttpSocket } from "../message/shapes.js"

// `HttpParser.release` emits the destroy event of the resource, so the garbage collector need not emit it.
const byHand = { requireManualDestroy: true }

const owner = Symbol("owner")
/**
 * The owner (a request or socket) of the resource that is being constructed. `init` hooks run in `super()`,
 * before the member `owner` is set, so the getters below return this variable instead.
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
