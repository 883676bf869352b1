/**
 * `@httpfx/node/http`: the exports of `node:http`, implemented with httpfx's engine. This module never loads
 * Effect or a built-in HTTP module.
 *
 * The rules of HTTP are in `wire/` and `pool/` of core, which this module calls. If Node deliberately behaves
 * differently from our default, core has a policy (a named setting) for Node's behaviour. docs/node-http.md
 * lists every policy with its reason.
 *
 * `scripts/bundle.mjs` generates the CommonJS module from the default export. The members of the default
 * export become the named exports.
 *
 * @since 0.1.0
 */
import { METHODS as wireMethods, STATUS_CODES as wireStatusCodes } from "@httpfx/core/wire"
import type * as builtin from "node:http"
import { Agent } from "./http/client/agent.js"
import { ClientRequest, get, request } from "./http/client/request.js"
import { maxHeaderSize } from "./http/own/flags.js"
import { globalAgent as currentAgent, setGlobalAgent } from "./http/client/globalAgent.js"
import { setGlobalProxyFromEnv } from "./http/client/globalProxy.js"
import { IncomingMessage } from "./http/message/incoming.js"
import { OutgoingMessage } from "./http/message/outgoing.js"
import { setMaxIdle } from "./http/message/parser.js"
import { connectionListener, createServer, Server } from "./http/server/server.js"
import { closeEventClass, messageEventClass, OwnWebSocket, webSocketClass } from "./http/own/webSocket.js"
import { ServerResponse } from "./http/server/response.js"
import { ownWebSocket } from "./http/own/timers.js"
import { websocketMask, websocketUnmask } from "./http/own/masking.js"
import {
  isValidHeaderName,
  isValidHeaderValue,
  validateHeaderName,
  validateHeaderValue,
  validateInteger
} from "./http/own/validate.js"

/** `http.METHODS`. */
const METHODS: Array<string> = [...wireMethods]
/** `http.STATUS_CODES`. */
const STATUS_CODES: { [status: number]: string | undefined } = { ...wireStatusCodes }

/**
 * `http.setMaxIdleHTTPParsers`: sets the maximum number of idle parsers that are kept for reuse. Initially
 * 1000.
 */
const setMaxIdleHTTPParsers = (max: number): void => {
  validateInteger(max, "max", 1)
  setMaxIdle(max)
}

const http = {
  _connectionListener: connectionListener,
  METHODS,
  STATUS_CODES,
  Agent,
  ClientRequest,
  IncomingMessage,
  OutgoingMessage,
  Server,
  ServerResponse,
  createServer,
  isValidHeaderName,
  isValidHeaderValue,
  validateHeaderName,
  validateHeaderValue,
  get,
  request,
  setMaxIdleHTTPParsers,
  setGlobalProxyFromEnv,
  websocketMask,
  websocketUnmask
}
for (const [name, get] of [
  ["WebSocket", webSocketClass],
  ["CloseEvent", closeEventClass],
  ["MessageEvent", messageEventClass]
] as const) {
  Object.defineProperty(http, name, { configurable: true, enumerable: true, get })
}
Object.defineProperty(http, ownWebSocket, { value: OwnWebSocket })
Object.defineProperty(http, "maxHeaderSize", {
  configurable: true,
  enumerable: true,
  get: () => maxHeaderSize
})
Object.defineProperty(http, "globalAgent", {
  configurable: true,
  enumerable: true,
  get: currentAgent,
  set: setGlobalAgent
})

/**
 * All exports of `node:http`, typed as in `@types/node` (Node documentation, HTTP).
 *
 * @since 0.1.0
 * @category modules
 */
export default http as unknown as typeof builtin
