/**
 * How connections for a request are made, where that is not the usual way: options of the connection, a
 * tunnel through a proxy, a parser of one's own; and the key under which such connections may stand in for
 * each other.
 *
 * Everything that makes a connection another one is in the key, functions by their identity. It connects
 * nothing.
 */
import type { ConnectionOptions, ParserOptions as OwnParser } from "../../options/request.js"
import type { Destination as Leading } from "../../../connection/client/ports.js"
import type { Origin } from "../../../pool/index.js"
import { presets, type ParserOptions } from "../../../wire/index.js"
import type { ProxyHop } from "./proxy.js"
import { keyOf } from "../../options/key.js"

export interface Route {
  readonly connection: ConnectionOptions | undefined
  readonly parser: OwnParser | undefined
  /** The proxy to tunnel through. */
  readonly tunnel: ProxyHop | undefined
}

/** An origin, and the way to it. */
export interface Destination extends Leading {
  readonly route?: Route | undefined
}

/** The origin by way of a route. Its key has credentials and private keys in it. */
export const routed = (to: Origin, route: Route): Destination => {
  const { connection, parser, tunnel } = route
  const via = tunnel === undefined ? "" : ` via ${tunnel.key}`
  const told = tunnel === undefined ? to.key : `${to.key} via ${tunnel.origin.key}`
  return { ...to, told, key: `${to.key}${via} ${keyOf(connection)}${keyOf(parser)}`, route }
}

/** How the answers on a connection are parsed: as the agent says, where the route says nothing else. */
export const parserOf = (route: Route | undefined, agent: ParserOptions): ParserOptions => {
  const own = route?.parser
  if (own === undefined) return agent
  const { insecureHTTPParser, maxHeaderSize } = own
  return {
    flags:
      insecureHTTPParser === undefined ? agent.flags : presets[insecureHTTPParser ? "insecure" : "strict"],
    limits: maxHeaderSize === undefined ? agent.limits : { ...agent.limits, maxHeaderSize }
  }
}
