/**
 * The `async_hooks` resources of received messages, with the types and members of Node's resources. A client
 * makes a resource for each request, a server makes a resource for each connection.
 */
import { AsyncResource } from "node:async_hooks"
import { asyncIdOf } from "../../socket/fast/asyncHandle.js"
import type { ClientReq } from "../client/shapes.js"
import type { HttpSocket } from "../message/shapes.js"

// `HttpParser.release` emits the destroy event, so the garbage collector need not track each resource.
const byHand = { requireManualDestroy: true }

const owner = Symbol("owner")
/**
 * The owner of the resource under construction. `init` hooks run in `super()`, before the constructor can set
 * `owner`.
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
