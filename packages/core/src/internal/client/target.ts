/**
 * Derives from a URL the origin to connect to, the request target, the `Host` value and credentials.
 *
 * Gives the same result as `new URL` for every URL text. Does not call `new URL` for text that is already
 * normalised, because the call costs more than the rest of a request. Never accepts a URL that `new URL`
 * refuses.
 */
import { credentialsOf } from "../../model/credentials.js"
import type { RequestParts } from "../options/request.js"
import { defaultPort, origin, type Origin } from "../../pool/index.js"
import { isHost } from "../../wire/index.js"

/** The origin of a request, and the parts of its head that depend on the URL. */
export interface Target {
  readonly origin: Origin
  /** Path and query, which are the request target in origin-form (RFC 9112 §3.2.1). */
  readonly path: string
  /** The value of `Host` (RFC 9110 §7.2), which contains the port unless it is the protocol's default. */
  readonly host: string
  /** The value of `Authorization`, made from credentials in the URL. */
  readonly authorization: string | undefined
}

/** A URL to which no request can be sent. */
export interface InvalidTarget {
  readonly _tag: "InvalidTarget"
  /** The scheme, if it is not supported. */
  readonly protocol: string | undefined
}

const invalid = (protocol?: string): InvalidTarget => ({ _tag: "InvalidTarget", protocol })

// Matches URLs that `URL` leaves unchanged (URL Standard, percent-encode sets). Excludes segments that start
// with a dot or `%2e`, because `URL` removes dot segments.
const normal =
  /^(https?:\/\/[a-z0-9.-]+(?::[0-9]+)?)((?:\/(?!\.|%2[eE])[\w.~!$&'()*+,;=:@%-]*)+(?:\?[\w.~!$&()*+,;=:@/?%-]+)?)$/

interface Place {
  readonly origin: Origin
  readonly host: string
}

// A cache of origins by text. The cache is cleared when it is full, so that memory stays bounded.
const places = new Map<string, Place>()
const maxPlaces = 512

const bare = (hostname: string) => (hostname.startsWith("[") ? hostname.slice(1, -1) : hostname)

const placeOf = (url: URL): Place | InvalidTarget => {
  const protocol = url.protocol
  if (protocol !== "http:" && protocol !== "https:") {
    return invalid(protocol)
  }
  // The URL standard allows hosts that RFC 3986 forbids. Servers refuse such a host in `Host`, so refuse the
  // URL here.
  if (!isHost(url.host)) return invalid()
  const port = url.port === "" ? defaultPort[protocol] : +url.port
  return { origin: origin(protocol, bare(url.hostname), port), host: url.host }
}

/** Returns the target of a `URL`. */
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

// `plain` matches only characters that `URL` leaves unchanged. `inPath` and `inQuery` match the characters to
// encode, except control characters.
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
 * Encodes path and query as the setters of `URL` do. Leaves control characters unchanged, so that encoding
 * the head refuses them.
 */
const encodeTarget = (target: string): string => {
  if (plain.test(target)) return target
  const query = target.indexOf("?")
  if (query < 0) return target.replace(inPath, percent)
  return target.slice(0, query).replace(inPath, percent) + target.slice(query).replace(inQuery, percent)
}

/**
 * Returns the value of `Host`. Omits the zone of an IPv6 address, because zones are local to this machine
 * (RFC 6874 §4).
 */
const hostOf = ({ host, port, protocol = "http:" }: RequestParts): string => {
  const named = host.includes(":") ? `[${host.replace(/%.*$/, "")}]` : host
  return port === undefined || port === defaultPort[protocol] ? named : `${named}:${port}`
}

/** Returns the text of a URL that is given in parts, for errors. */
export const textOfParts = (parts: RequestParts): string =>
  typeof parts.host !== "string"
    ? "undefined"
    : `${parts.protocol ?? "http:"}//${hostOf(parts)}${parts.path ?? "/"}`

/** Returns the target of a URL that is given in parts, without normalising it. */
export const fromParts = (parts: RequestParts): Target | InvalidTarget => {
  const { path, protocol = "http:", port = defaultPort[protocol] } = parts
  if (protocol !== "http:" && protocol !== "https:") return invalid(protocol)
  if (typeof parts.host !== "string") return invalid()
  // Accept brackets around an IPv6 host, because the address that a server reports has them.
  const host = parts.host.includes("]") ? bare(parts.host) : parts.host
  const named = hostOf({ ...parts, host })
  if (host === "" || !isHost(named)) return invalid()
  return {
    origin: origin(protocol, host, port),
    path: path === undefined ? "/" : encodeTarget(path),
    host: named,
    authorization: undefined
  }
}

/**
 * Returns the target of an absolute URL whose text `new URL` would not change. Returns `undefined` for other
 * texts.
 */
export const fromNormal = (text: string): Target | InvalidTarget | undefined => {
  const match = normal.exec(text)
  if (match === null) return undefined
  const prefix = match[1] as string
  const place = places.get(prefix) ?? learn(prefix)
  return "_tag" in place
    ? place
    : { origin: place.origin, path: match[2] as string, host: place.host, authorization: undefined }
}

/** Returns the target of an absolute URL. */
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
