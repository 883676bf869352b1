/**
 * The non-default ways of making a connection (connection options, a tunnel through a proxy, a parser of its
 * own), and the key under which such connections are shared.
 *
 * The key covers everything that distinguishes connections, functions by identity. Never connects.
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

/** An origin and its route. */
export interface Destination extends Leading {
  readonly route?: Route | undefined
}

/** An origin with a route. Its key contains credentials and private keys. */
export const routed = (to: Origin, route: Route): Destination => {
  const { connection, parser, tunnel } = route
  const via = tunnel === undefined ? "" : ` via ${tunnel.key}`
  const shownKey = tunnel === undefined ? to.key : `${to.key} via ${tunnel.origin.key}`
  return { ...to, shownKey, key: `${to.key}${via} ${keyOf(connection)}${keyOf(parser)}`, route }
}

/** The parser options of a connection: the route's where set, otherwise the agent's. */
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
