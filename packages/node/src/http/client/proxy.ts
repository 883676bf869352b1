/**
 * Sends an agent's requests through a proxy. An `http:` request goes to the proxy itself, with the request
 * target in absolute form (RFC 9112 §3.2.2). An `https:` request goes through a tunnel (RFC 9110 §9.3.6).
 */
import { createRequire } from "node:module"
import { connect } from "node:net"
import type nodeTls from "node:tls"
import { authorityOf, encodeTunnelRequest, TunnelResponse, type TunnelOutcome } from "@httpfx/core/wire"
import { stopFlowing } from "../../socket/fast/flowing.js"
import { latin1Of } from "../../socket/fast/latin1.js"
import { nextTick } from "../../time/realTime.js"
import type { ClientReq, ConnectOptions, OnCreate } from "./shapes.js"
import { codedError, invalidArgValue, violationError, type CodedError } from "../own/errors.js"
import { parserOptions } from "../own/flags.js"
import type { Proxy } from "./proxyChoice.js"
import type { HttpSocket } from "../message/shapes.js"

/**
 * Returns whether a connection with these options uses the proxy. Connections to Unix sockets never use a
 * proxy.
 */
export const goesBy = (proxy: Proxy | undefined, options: ConnectOptions): proxy is Proxy =>
  proxy !== undefined &&
  !options.socketPath &&
  !proxy.bypassed(String(options.host ?? "localhost"), Number(options.port))

const authority = (options: ConnectOptions): string =>
  authorityOf({ host: String(options.host ?? "localhost"), port: String(options.port) })

/** Returns the values of all `Host` fields of a request. */
const hostsOf = (req: ClientReq): ReadonlyArray<string> => {
  if (req._header !== null) return [...req._header.matchAll(/^host: *(.*)\r$/gim)].map((match) => match[1]!)
  const host = req.getHeader("host")
  return host === undefined ? [] : [String(host)]
}

const isHost = (text: string, host: string): boolean => {
  const url = URL.canParse(`http://${text}`) ? new URL(`http://${text}`) : undefined
  return url?.host === host && url.href === `http://${host}/`
}

/**
 * Returns the request target in absolute form, as a proxy needs it. Throws if the target or the `Host` field
 * names a different server than the options of the request.
 */
const absoluteTarget = (req: ClientReq, options: ConnectOptions): string => {
  const { host, origin } = new URL(`http://${authority(options)}`)
  const hosts = hostsOf(req)
  const other = hosts.length > 1 ? hosts.join() : hosts.find((one) => !isHost(one, host))
  if (other !== undefined) {
    throw invalidArgValue("Host in options.headers", other, `must match the request authority (${host})`)
  }
  const { path } = req
  if (path.startsWith("/")) return origin + path
  if (!URL.canParse(path)) {
    throw invalidArgValue("options.path", path, "must be in absolute-form or start with /")
  }
  const url = new URL(path)
  if (url.username !== "" || url.password !== "") {
    url.username = url.password = ""
    throw invalidArgValue("options.path", url.href, "must not contain userinfo, use options.auth instead")
  }
  if (url.protocol !== "http:") {
    throw invalidArgValue(
      "options.path",
      url.protocol,
      "must use http: scheme when specified as an absolute URL"
    )
  }
  if (url.host !== host) {
    throw invalidArgValue("options.path", url.href, `must match the request authority (${host})`)
  }
  return path
}

/**
 * Returns whether the target of a request can have the absolute form. The targets of `CONNECT` and of
 * `OPTIONS *` have other forms (RFC 9112 §3.2).
 */
const hasAbsoluteForm = ({ method, path }: ClientReq): boolean =>
  method !== "CONNECT" && !(method === "OPTIONS" && path === "*")

/**
 * Adapts a request that is sent to a proxy. Makes the target absolute, and adds the proxy credentials and
 * `proxy-connection`.
 */
export const addressToProxy = (req: ClientReq, proxy: Proxy, options: ConnectOptions): void => {
  if (hasAbsoluteForm(req)) req.path = absoluteTarget(req, options)
  const connection = req.shouldKeepAlive ? "keep-alive" : "close"
  if (req._header === null) {
    req.setHeader("proxy-connection", connection)
    if (proxy.authorization !== undefined) req.setHeader("proxy-authorization", proxy.authorization)
    return
  }
  // The head was built before the request had a socket, and is still unsent. Insert the fields into its text.
  const end = req._header.indexOf("\r\n")
  const added =
    `proxy-connection: ${connection}\r\n` +
    (proxy.authorization === undefined ? "" : `proxy-authorization: ${proxy.authorization}\r\n`)
  req._header = `${req.method} ${req.path} HTTP/1.1\r\n${added}${req._header.slice(end + 2)}`
}

/** Returns the options for a connection to the proxy, made from the options for the target host. */
export const toProxy = ({ host, port }: Proxy, options: ConnectOptions): ConnectOptions => ({
  ...options,
  host,
  port,
  servername: undefined
})

/** Opens a TLS connection to the proxy itself. */
export const secureToProxy = ({ host, port }: Proxy): HttpSocket =>
  // Load `node:tls` only here, because most programs that use only `http:` never need it.
  (createRequire(import.meta.url)("node:tls") as typeof nodeTls).connect({
    host,
    port
  }) as unknown as HttpSocket

/** An error of a tunnel, with the members that Node's `ERR_PROXY_TUNNEL` has. */
export interface TunnelError extends CodedError {
  /** The status of the proxy's response, if it refused the tunnel. */
  statusCode?: number
  /** The time limit that the tunnel has exceeded, ms. */
  proxyTunnelTimeout?: number
}

const tunnelError = (message: string): TunnelError => codedError("ERR_PROXY_TUNNEL", message)

/** Maximum length of the proxy's response line in an error message, bytes. */
const longestLine = 128

/** Returns the first line of the bytes, for a message. */
const firstLineOf = (bytes: Uint8Array): string =>
  latin1Of(bytes.subarray(0, longestLine))
    .split(/[\r\n]/, 1)[0]!
    .replace(/[\x00-\x1f\x7f-\x9f]/g, "?")

/**
 * Returns the error for a proxy that opened no tunnel. `received` contains the first bytes of the proxy's
 * response. If they cannot be parsed, the message shows their first line.
 */
const errorOf = (
  outcome: Exclude<TunnelOutcome, { readonly _tag: "Opened" }>,
  what: string,
  received: Uint8Array
): Error => {
  switch (outcome._tag) {
    case "Refused": {
      const { head } = outcome
      const error = tunnelError(`${what}: HTTP/1.${head.versionMinor} ${head.status} ${head.statusMessage}`)
      error.statusCode = head.status
      return error
    }
    case "Malformed": {
      const line = firstLineOf(received)
      const why = line.startsWith("HTTP/") ? `Parse Error: ${outcome.refusal.reason}` : line
      return tunnelError(`${what}: ${why}`)
    }
    case "Failed":
      return outcome.fault.cause as Error
    case "HangUp":
    case "BytesBehind":
      return tunnelError("Connection to establish proxy tunnel ended unexpectedly")
  }
}

/** Options of a tunnel. */
interface TunnelOptions {
  /**
   * Whether the connection stays open for further requests. If `true`, the proxy gets `Proxy-Connection:
   * keep-alive`.
   */
  readonly keepAlive: boolean
  /** Maximum time without traffic before the tunnel is open, ms. 0 means no limit. */
  readonly timeout: number
  /** Makes the TLS connection in the tunnel. */
  readonly secure: (socket: HttpSocket) => HttpSocket
}

/**
 * Opens a tunnel through the proxy to the host in the options. Then calls `secure` to make the TLS connection
 * in the tunnel.
 */
export const openTunnel = (
  proxy: Proxy,
  options: ConnectOptions,
  { keepAlive, secure, timeout }: TunnelOptions,
  callback: OnCreate
): void => {
  const target = authority(options)
  const what = `Failed to establish tunnel to ${target} via ${proxy.shown}`
  const headers = keepAlive ? ["Proxy-Connection", "keep-alive"] : []
  if (proxy.authorization !== undefined) headers.push("Proxy-Authorization", proxy.authorization)
  const request = encodeTunnelRequest(target, headers)
  if (request._tag === "Violation") {
    return void nextTick(callback, tunnelError(`${what}: ${violationError(request).message}`))
  }
  const { host, port } = proxy
  const socket = proxy.protocol === "https:" ? secureToProxy(proxy) : (connect({ host, port }) as HttpSocket)
  let received: Uint8Array = new Uint8Array(0)
  const onData = (chunk: Uint8Array) => {
    if (received.length < longestLine) received = Buffer.concat([received, chunk.subarray(0, longestLine)])
    response.data(chunk)
  }
  const onEnd = () => response.end()
  const onClose = () => response.close()
  const onError = (cause: NodeJS.ErrnoException) =>
    response.error({ _tag: "Fault", code: cause.code ?? "", message: cause.message, cause })
  const onTimeout = () => {
    const error = tunnelError(`Connection to establish proxy tunnel timed out after ${timeout}ms`)
    error.proxyTunnelTimeout = timeout
    response.cancel()
    release()
    socket.destroy()
    callback(error)
  }
  const release = () =>
    socket.off("data", onData).off("end", onEnd).off("close", onClose).off("timeout", onTimeout)
  const response = new TunnelResponse(
    (outcome) => {
      release()
      if (outcome._tag !== "Opened") {
        socket.destroy()
        return callback(errorOf(outcome, what, received))
      }
      if (timeout > 0) socket.setTimeout(0)
      socket.off("error", onError)
      // Stop the flow of the socket, so that its next bytes stay unread until the TLS connection reads them.
      stopFlowing(socket)
      if (outcome.rest !== undefined) socket.unshift(outcome.rest)
      callback(null, secure(socket))
    },
    parserOptions({ insecureHTTPParser: undefined, httpValidation: undefined, maxHeaderSize: undefined }),
    "keep"
  )
  socket.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onError)
  if (timeout > 0) socket.setTimeout(timeout).on("timeout", onTimeout)
  socket.write(request.head, "latin1")
}
