/**
 * Validates the request of a WebSocket opening handshake, for servers (RFC 6455 §4.2.1). For an invalid
 * request the result contains the response to send.
 *
 * @since 0.1.0
 */
import type { RequestHead } from "./head.js"
import { isToken } from "../grammar/validate.js"

/**
 * The reason why a request is not a valid handshake, and the response to the request.
 *
 * @since 0.1.0
 * @category models
 */
export interface HandshakeRefusal {
  /**
   * The status of the response. If the status is 426, `headers` state the required upgrade and, if necessary,
   * the supported version.
   */
  readonly status: 400 | 405 | 426
  /** The reason, as text for people. */
  readonly reason: string
  /** The fields of the response, as a flat list of names and values. */
  readonly headers: ReadonlyArray<string>
}

// The expression matches 16 bytes in base64.
const KEY = /^[+/0-9A-Za-z]{21}[AQgw]==$/

const refusal = (
  status: HandshakeRefusal["status"],
  reason: string,
  headers: ReadonlyArray<string> = []
): HandshakeRefusal => ({ status, reason, headers })

const notAsked = refusal(426, "no upgrade to WebSocket was asked for", [
  ...["Upgrade", "websocket"],
  ...["Connection", "Upgrade"]
])
const wrongMethod = refusal(405, "a WebSocket is opened with GET", ["Allow", "GET"])
const wrongKey = refusal(400, "Sec-WebSocket-Key is not one value of 16 bytes in base64")
const wrongVersion = refusal(426, "only version 13 of WebSocket is spoken here", [
  ...["Sec-WebSocket-Version", "13"],
  ...["Upgrade", "websocket"],
  ...["Connection", "Upgrade"]
])
const wrongProtocols = refusal(400, "Sec-WebSocket-Protocol is no list of different tokens")
const wrongExtensions = refusal(400, "Sec-WebSocket-Extensions is no list of extensions")

// An extension is a token with parameters, whose values are tokens, quoted or not (RFC 6455 §9.1).
const TOKEN = "[!#$%&'*+.^_`|~\\w-]+"
const EXTENSION = new RegExp(
  `^${TOKEN}(?:[ \\t]*;[ \\t]*${TOKEN}(?:[ \\t]*=[ \\t]*(?:${TOKEN}|"${TOKEN}"))?)*$`
)

const validProtocols = (names: ReadonlyArray<string>): boolean =>
  names.length > 0 && names.every(isToken) && new Set(names).size === names.length

/**
 * Validates a handshake request. Returns `undefined` if the request is valid.
 *
 * @since 0.1.0
 * @category validation
 */
export const checkHandshake = (head: RequestHead): HandshakeRefusal | undefined => {
  const asked = head.elements("upgrade").some((name) => name.toLowerCase() === "websocket")
  if (!asked || !head.upgrade || head.versionMinor === 0) return notAsked
  if (head.method !== "GET") return wrongMethod
  // `elements` reveals a repeated key or version (RFC 6455 §11.3.1, §11.3.5), because a valid value contains
  // no comma.
  if (!KEY.test(head.elements("sec-websocket-key").join())) return wrongKey
  if (head.elements("sec-websocket-version").join() !== "13") return wrongVersion
  if (!head.elements("sec-websocket-extensions").every((one) => EXTENSION.test(one))) return wrongExtensions
  if (head.get("sec-websocket-protocol") === undefined) return undefined
  return validProtocols(head.elements("sec-websocket-protocol")) ? undefined : wrongProtocols
}
