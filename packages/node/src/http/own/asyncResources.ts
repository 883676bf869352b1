/**
 * The `async_hooks` resources of received messages, with Node's types and members. A client has one per
 * request, a server one per connection.
 */
import { AsyncResource } from "node:async_hooks"
import { asyncIdOf } from "../../socket/fast/asyncHandle.js"
import type { ClientReq } from "../client/shapes.js"
import type { HttpSocket } from "../message/shapes.js"

// Releasing the parser destroys it; otherwise the garbage collector would track each resource.
const byHand = { requireManualDestroy: true }

const owner = Symbol("owner")
/** The owner of the resource under construction: `init` hooks read it before the constructor returns. */
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
