/**
 * `https.Server`: a `tls.Server` whose connections speak HTTP. http/server/server.ts implements the HTTP
 * members.
 */
import type * as https from "node:https"
import { Server as TlsServer, type TlsOptions } from "node:tls"
import { callParent, inherit } from "../http/own/inherit.js"
import {
  connectionListener,
  initialize,
  installServer,
  storeOptions,
  type ServerOptions
} from "../http/server/server.js"
import type { HttpServer } from "../http/server/shapes.js"
import { validateObject } from "../http/own/validate.js"
import type { HttpSocket } from "../http/message/shapes.js"

type New = new (options?: unknown, requestListener?: unknown) => HttpServer

function Server(this: HttpServer, options?: unknown, requestListener?: unknown): unknown {
  if (!(this instanceof Server)) return new (Server as unknown as New)(options, requestListener)
  if (typeof options === "function") {
    requestListener = options
    options = undefined
  } else if (options !== undefined && options !== null) {
    validateObject(options, "options")
  }
  const given = { ...(options as ServerOptions & TlsOptions & { ALPNCallback?: unknown }) }
  if (!given.ALPNProtocols && !given.ALPNCallback) given.ALPNProtocols = ["http/1.1"]
  storeOptions(this, given)
  callParent(TlsServer, this, given)
  this.on("secureConnection", connectionListener as never)
  initialize(this, given, requestListener)
  this.on("tlsClientError", onTlsError as never)
  return undefined
}
inherit(Server, TlsServer)
installServer(Server, TlsServer)

function onTlsError(this: HttpServer, error: Error, socket: HttpSocket): void {
  if (!this.emit("clientError", error, socket)) socket.destroy(error)
}

/** `https.Server`. */
const typed = Server as unknown as typeof https.Server
export { typed as Server }

/** `https.createServer`. */
export const createServer = ((options?: unknown, requestListener?: unknown) =>
  new (Server as unknown as New)(options, requestListener)) as unknown as typeof https.createServer
