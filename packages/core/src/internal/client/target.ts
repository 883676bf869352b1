/**
 * From a URL to what a request needs of it: the origin to connect to, the request target, the `Host` value
 * and credentials.
 *
 * Ends where `new URL` would have ended for every input, but does not call it where the text is already
 * normal: that costs more than the rest of a request. Never repairs what `new URL` refuses.
 */
import { credentialsOf } from "../../model/credentials.js"
import type { RequestParts } from "../options/request.js"
import { defaultPort, origin, type Origin } from "../../pool/index.js"
import { isHost } from "../../wire/index.js"

/** Where a request goes to and what it asks for there. */
export interface Target {
  readonly origin: Origin
  /** Path and query: the request target in origin form (RFC 9112 §3.2.1). */
  readonly path: string
  /** The `Host` field (RFC 9110 §7.2): the port only where it is not the protocol's own. */
  readonly host: string
  /** The `Authorization` field for credentials in the URL. */
  readonly authorization: string | undefined
}

/** A URL that no request can be sent to. */
export interface InvalidTarget {
  readonly _tag: "InvalidTarget"
  /** The scheme, where that is what cannot be served. */
  readonly protocol: string | undefined
}

const invalid = (protocol?: string): InvalidTarget => ({ _tag: "InvalidTarget", protocol })

// Characters that the URL parser leaves as they are, in a path and in a query of `http:` (URL Standard,
// percent-encode sets). A dot in front of a segment could make it a dot segment; so could `%2e`.
const normal =
  /^(https?:\/\/[a-z0-9.-]+(?::[0-9]+)?)((?:\/(?!\.|%2[eE])[\w.~!$&'()*+,;=:@%-]*)+(?:\?[\w.~!$&()*+,;=:@/?%-]+)?)$/

interface Place {
  readonly origin: Origin
  readonly host: string
}

// Origins, keyed as written. Bounded: a program that asks ever new hosts starts over now and then.
const places = new Map<string, Place>()
const maxPlaces = 512

const bare = (hostname: string) => (hostname.startsWith("[") ? hostname.slice(1, -1) : hostname)

const placeOf = (url: URL): Place | InvalidTarget => {
  const protocol = url.protocol
  if (protocol !== "http:" && protocol !== "https:") {
    return invalid(protocol)
  }
  // The URL standard has hosts that RFC 3986 has not, and that servers refuse in `Host`.
  if (!isHost(url.host)) return invalid()
  const port = url.port === "" ? defaultPort[protocol] : +url.port
  return { origin: origin(protocol, bare(url.hostname), port), host: url.host }
}

/** The target of a URL. */
export const fromUrl = (url: URL): Target | InvalidTarget => {
  const place = placeOf(url)
  if ("_tag" in place) return place
  return {
    origin: place.origin,
    path: url.pathname + url.search,
    host: place.host,
    authorization: credentialsOf(url)
  }
}

// What the URL standard leaves as it is; and the rest of what is no control character (percent-encode sets).
const plain = /^[\w.~!$&'()*+,;=:@%/[\]^|-]*(?:\?[\w.~!$&'()*+,;=:@%/[\]^|?\\`{}-]*)?$/
const inPath = /[ "#<>`{}\\]|[^\0-\x7f]+/g
const inQuery = /[ "#<>]|[^\0-\x7f]+/g

const percent = (text: string): string => {
  let encoded = ""
  for (const byte of new TextEncoder().encode(text))
    encoded += "%" + byte.toString(16).toUpperCase().padStart(2, "0")
  return encoded
}

/**
 * Path and query as the setters of `URL` encode them; control characters are left, and refused where a head
 * is encoded.
 */
const encodeTarget = (target: string): string => {
  if (plain.test(target)) return target
  const query = target.indexOf("?")
  if (query < 0) return target.replace(inPath, percent)
  return target.slice(0, query).replace(inPath, percent) + target.slice(query).replace(inQuery, percent)
}

/**
 * Host and port as `Host` has them. The zone of an IPv6 address means something to this machine alone (RFC
 * 6874 §4).
 */
const hostOf = ({ host, port, protocol = "http:" }: RequestParts): string => {
  const named = host.includes(":") ? `[${host.replace(/%.*$/, "")}]` : host
  return port === undefined || port === defaultPort[protocol] ? named : `${named}:${port}`
}

/** What errors show of parts that are no URL. */
export const textOfParts = (parts: RequestParts): string =>
  `${parts.protocol ?? "http:"}//${hostOf(parts)}${parts.path ?? "/"}`

/** The target of a host and a path that nothing normalises. */
export const fromParts = (parts: RequestParts): Target | InvalidTarget => {
  const { host, path, protocol = "http:", port = defaultPort[protocol] } = parts
  if (protocol !== "http:" && protocol !== "https:") return invalid(protocol)
  const named = hostOf(parts)
  if (host === "" || !isHost(named)) return invalid()
  return {
    origin: origin(protocol, host, port),
    path: path === undefined ? "/" : encodeTarget(path),
    host: named,
    authorization: undefined
  }
}

/** The target of an absolute URL given as text, where that is in the form that `new URL` would give it. */
export const fromNormal = (text: string): Target | InvalidTarget | undefined => {
  const match = normal.exec(text)
  if (match === null) return undefined
  const prefix = match[1] as string
  const place = places.get(prefix) ?? learn(prefix)
  return "_tag" in place
    ? place
    : { origin: place.origin, path: match[2] as string, host: place.host, authorization: undefined }
}

/** The target of an absolute URL given as text. */
export const fromString = (text: string): Target | InvalidTarget => {
  try {
    return fromNormal(text) ?? fromUrl(new URL(text))
  } catch {
    return invalid()
  }
}

const learn = (prefix: string): Place | InvalidTarget => {
  let place: Place | InvalidTarget
  try {
    place = placeOf(new URL(prefix))
  } catch {
    return invalid()
  }
  if ("_tag" in place) return place
  if (places.size >= maxPlaces) places.clear()
  places.set(prefix, place)
  return place
}
