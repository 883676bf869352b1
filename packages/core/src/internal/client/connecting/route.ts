/**
 * The options that change how a connection is opened or parsed: connection options, a proxy tunnel, and
 * parser options. Requests with equal options share connections under one key.
 *
 * The key covers everything that distinguishes connections. It compares functions by identity. This file
 * never connects.
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

/**
 * Adds a route to an origin. The `key` of the result contains credentials and private keys, so messages must
 * show only `shownKey`.
 */
export const routed = (to: Origin, route: Route): Destination => {
  const { connection, parser, tunnel } = route
  const via = tunnel === undefined ? "" : ` via ${tunnel.key}`
  const shownKey = tunnel === undefined ? to.key : `${to.key} via ${tunnel.origin.key}`
  return { ...to, shownKey, key: `${to.key}${via} ${keyOf(connection)}${keyOf(parser)}`, route }
}

/** Returns the parser options of a connection. Options of the route override the options of the agent. */
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
