/**
 * The `http2` module that the register hook returns. Our code serves the HTTP/1 connections of
 * `createSecureServer({ allowHTTP1: true })`. The built-in module serves HTTP/2.
 *
 * Never imports `http2` itself. The hook passes the built-in module when the program loads `http2`.
 */
import type * as http2 from "node:http2"
import type { Server as NetServer } from "node:net"
import type { TLSSocket } from "node:tls"
import {
  closeAll,
  closeIdle,
  connectionListener,
  initialize,
  prepareClose,
  storeOptions,
  type ServerOptions
} from "../http/server/server.js"
import type { HttpServer } from "../http/server/shapes.js"
import type { HttpSocket } from "../http/message/shapes.js"

type Module = typeof http2

/** The options of `createSecureServer`, including `http1Options`, which Node.js 24 added. */
type Options = http2.SecureServerOptions & { readonly http1Options?: ServerOptions }

type Secure = http2.Http2SecureServer & HttpServer

const optionsOf = (options: Options): ServerOptions => {
  const { Http1IncomingMessage, Http1ServerResponse } = options
  return {
    ...(options as ServerOptions),
    IncomingMessage: Http1IncomingMessage as never,
    ServerResponse: Http1ServerResponse as never,
    ...options.http1Options
  }
}

/** Returns replacements for those methods of the built-in class that close HTTP/1 connections. */
const membersOver = (parent: NetServer) => ({
  close(this: Secure, callback?: (error?: Error) => void): Secure {
    prepareClose(this)
    parent.close.call(this, callback)
    return this
  },
  closeIdleConnections(this: Secure): void {
    closeIdle(this)
  },
  closeAllConnections(this: Secure): void {
    closeAll(this)
  }
})

/** Passes the HTTP/1 connections of a server to our callback API. */
const takeOver = (server: Secure, options: Options): void => {
  const given = optionsOf(options)
  const { timeout } = server
  storeOptions(server, given)
  initialize(server, given, undefined)
  server.timeout = timeout
  const parent = Object.getPrototypeOf(server) as NetServer
  Object.setPrototypeOf(server, Object.setPrototypeOf(membersOver(parent), parent) as object)
  const [other] = server.listeners("secureConnection") as Array<(socket: TLSSocket) => void>
  server.removeListener("secureConnection", other!)
  server.prependListener("secureConnection", function (this: Secure, socket: TLSSocket) {
    const { alpnProtocol } = socket
    const isHttp1 = alpnProtocol === false || alpnProtocol === "http/1.1"
    if (isHttp1) connectionListener.call(this, socket as unknown as HttpSocket)
    else other!.call(this, socket)
  })
}

/**
 * Returns the built-in module with a `createSecureServer` whose servers pass HTTP/1 connections to our
 * module.
 */
export const withOwnHttp1 = (builtIn: Module): Module => {
  const createSecureServer = (options?: unknown, listener?: unknown): http2.Http2SecureServer => {
    const server = builtIn.createSecureServer(options as never, listener as never)
    if ((options as Options | undefined)?.allowHTTP1 === true) takeOver(server as Secure, options as Options)
    return server
  }
  const own = Object.create(Object.prototype, Object.getOwnPropertyDescriptors(builtIn)) as Module
  return Object.assign(own, { createSecureServer })
}
