/**
 * `@httpfx/node/https`: the exports of `node:https`, implemented with httpfx's engine. This module never
 * loads Effect or a built-in HTTP module.
 *
 * `scripts/bundle.mjs` generates the CommonJS module from the default export. The members of the default
 * export become the named exports.
 *
 * @since 0.1.0
 */
import type * as builtinHttp from "node:http"
import type * as builtin from "node:https"
import { urlToHttpOptions } from "node:url"
import { ClientRequest } from "./http/client/request.js"
import type { ConnectOptions } from "./http/client/shapes.js"
import { Agent, globalAgent as currentAgent, setGlobalAgent, withOwnCheck } from "./https/agent.js"
import { createServer, Server } from "./https/server.js"

type OnResponse = (res: builtinHttp.IncomingMessage) => void

const isUrl = (value: unknown): value is URL =>
  typeof value === "object" &&
  value !== null &&
  Boolean((value as URL).href) &&
  Boolean((value as URL).protocol) &&
  (value as { auth?: unknown }).auth === undefined &&
  (value as { path?: unknown }).path === undefined

/** `https.request`. */
function request(
  url: string | URL | builtin.RequestOptions,
  options?: builtin.RequestOptions | OnResponse,
  callback?: OnResponse
): builtinHttp.ClientRequest {
  const rest: Array<unknown> = [url, options, callback]
  let wanted: object = {}
  if (typeof rest[0] === "string") wanted = urlToHttpOptions(new URL(rest.shift() as string))
  else if (isUrl(rest[0])) wanted = urlToHttpOptions(rest.shift() as URL)
  if (rest[0] && typeof rest[0] !== "function") Object.assign(wanted, rest.shift())
  else if (rest[0] === undefined || rest[0] === null) rest.shift()
  const listener = rest.find((one) => typeof one === "function") as OnResponse | undefined
  const own = Object.assign(Object.create(null), wanted, { _defaultAgent: currentAgent() }) as ConnectOptions
  return new ClientRequest(withOwnCheck(own, currentAgent()) as never, listener as never)
}

/** `https.get`. */
function get(
  url: string | URL | builtin.RequestOptions,
  options?: builtin.RequestOptions | OnResponse,
  callback?: OnResponse
): builtinHttp.ClientRequest {
  const req = request(url, options, callback)
  req.end()
  return req
}

const https = { Agent, Server, createServer, get, request }
Object.defineProperty(https, "globalAgent", {
  configurable: true,
  enumerable: true,
  get: currentAgent,
  set: setGlobalAgent
})

/**
 * All exports of `node:https`, typed as in `@types/node` (Node documentation, HTTPS).
 *
 * @since 0.1.0
 * @category modules
 */
export default https as unknown as typeof builtin
