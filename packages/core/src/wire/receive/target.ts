/**
 * Reads the request target byte by byte, and checks that each byte is permitted at its position (RFC 9112
 * §3.2). The states are those of Node's parser, because the preset `node` promises the same positions and
 * reasons of refusals. The flags determine the permitted bytes, which may be those of RFC 3986, the URL
 * standard or Node. Never splits, decodes or normalises a target.
 */
import { ALPHA, AUTHORITY, LOOSE_PATH, URL_PATH, URL_QUERY } from "../grammar/byteClasses.js"
import { isAuthority, isHostAndPort } from "../grammar/host.js"
import type { Machine } from "./machine.js"
import { TARGET_ENDED, TARGET_ENDED_09, TARGET_LF } from "./stage.js"

// Local copies are faster, because JavaScript engines read an imported binding at every use but treat a local
// binding as constant.
const authority = AUTHORITY
const loosePath = LOOSE_PATH

// The parts of a target, which are the values of `Machine.part`.
export const START = 0
const SCHEME = 1
const SCHEME_SLASH = 2
const SCHEME_SLASH_2 = 3
export const SERVER = 4
const SERVER_AT = 5
const PATH_PART = 6
const QUERY = 7
const FRAGMENT = 8

const wrongCharacter = (m: Machine, at: number): number =>
  m.refuse(at, "HPE_INVALID_URL", "Invalid characters in url")

const isTabOrFormFeed = (c: number): boolean => c === 9 || c === 12

/**
 * Reads a target from the index `i` on, up to the end of the chunk (`n`), a refused byte, or the end of the
 * target. Returns the index where reading stopped. At the end of the target, closes the target's span and
 * sets the next stage.
 */
export const readTarget = (m: Machine, i: number, n: number): number => {
  const chunk = m.chunk
  for (;;) {
    if (m.part === PATH_PART || m.part === QUERY) {
      const taken = m.part === QUERY ? m.queryBytes : m.pathBytes
      while (i < n && taken[chunk[i]!] !== 0) i++
      if (i === n) return i
      const c = chunk[i]!
      if (c === 32) return ended(m, i, c)
      if (c === 63) {
        m.part = QUERY
        i++
        continue
      }
      if (c === 13 || c === 10) return ended(m, i, c)
      if (isTabOrFormFeed(c)) return wrongCharacter(m, i + 1)
      if (c === 35 || loosePath[c] !== 0) {
        if (!m.allows("targetCharacters")) {
          const reason = c === 35 ? "Fragment in url" : "Character in url outside the URI grammar"
          // Report `urlCharacters` if this flag would permit the character, because it permits fewer
          // characters than `targetCharacters`.
          const ofUrls = (m.part === QUERY ? URL_QUERY : URL_PATH)[c] !== 0
          return m.refuse(i, "HPE_INVALID_URL", reason, ofUrls ? "urlCharacters" : "targetCharacters")
        }
        m.part = FRAGMENT
        i++
        continue
      }
      return m.refuse(
        i,
        "HPE_INVALID_URL",
        m.part === QUERY ? "Invalid char in url query" : "Invalid char in url path"
      )
    }
    if (i === n) return i
    i = m.part === FRAGMENT ? readFragment(m, i, n) : readAuthority(m, i, n)
    if (m.refusal !== undefined || m.spanAt < 0) return i
  }
}

const readFragment = (m: Machine, i: number, n: number): number => {
  const chunk = m.chunk
  let c = 0
  while (i < n && (loosePath[(c = chunk[i]!)] !== 0 || c === 35 || c === 63)) i++
  if (i === n) return i
  if (c === 32 || c === 13 || c === 10) return ended(m, i, c)
  if (isTabOrFormFeed(c)) return wrongCharacter(m, i + 1)
  return m.refuse(i, "HPE_INVALID_URL", "Invalid char in url fragment start")
}

/** Reads the bytes before the path, which are the first byte, the scheme and the authority. */
const readAuthority = (m: Machine, i: number, n: number): number => {
  const chunk = m.chunk
  for (; i < n; i++) {
    const c = chunk[i]!
    if (m.part !== SCHEME_SLASH_2 && isTabOrFormFeed(c)) return wrongCharacter(m, i + 1)
    switch (m.part) {
      case START:
      case SCHEME:
      case SCHEME_SLASH:
        if (c === 32 || c === 13 || c === 10) return wrongCharacter(m, i + 1)
        break
    }
    switch (m.part) {
      case START:
        if (c === 47 || c === 42) {
          m.part = PATH_PART
          return i + 1
        }
        if (ALPHA[c] === 0) return m.refuse(i, "HPE_INVALID_URL", "Unexpected start char in url")
        m.part = SCHEME
        break
      case SCHEME:
        if (c === 58) m.part = SCHEME_SLASH
        else if (ALPHA[c] === 0) return m.refuse(i, "HPE_INVALID_URL", "Unexpected char in url schema")
        break
      case SCHEME_SLASH:
      case SCHEME_SLASH_2:
        if (c !== 47) return m.refuse(i, "HPE_INVALID_URL", "Unexpected char in url schema")
        m.part = m.part === SCHEME_SLASH ? SCHEME_SLASH_2 : SERVER
        break
      default:
        if (authority[c] !== 0) m.part = SERVER
        else if (c === 47 || c === 63) {
          m.part = c === 47 ? PATH_PART : QUERY
          return i + 1
        } else if (c === 64) {
          if (m.part === SERVER_AT) return m.refuse(i + 1, "HPE_INVALID_URL", "Double @ in url")
          m.part = SERVER_AT
        } else if (c === 32 || c === 13 || c === 10) return ended(m, i, c)
        else return m.refuse(i, "HPE_INVALID_URL", "Unexpected char in url server")
    }
  }
  return i
}

const ended = (m: Machine, i: number, c: number): number => {
  m.lineEnd = i + m.base
  if (!m.closeSpan(i, i)) return i
  if (c !== 32 && !m.allows("http09")) {
    return m.refuse(i, "HPE_INVALID_VERSION", "Request line without version", "http09", 505)
  }
  m.stage = c === 32 ? TARGET_ENDED : c === 13 ? TARGET_LF : TARGET_ENDED_09
  return i + 1
}

/**
 * Returns the reason why the form of the target does not fit the method (RFC 9112 §3.2). Returns `undefined`
 * if the form fits.
 */
export const wrongForm = (method: string, target: string): string | undefined => {
  const first = target.charCodeAt(0)
  if (method === "CONNECT") return isHostAndPort(target) ? undefined : "CONNECT needs host and port"
  if (first === 47) return undefined
  if (first === 42) {
    return target === "*" && method === "OPTIONS" ? undefined : "Only OPTIONS may have the target *"
  }
  const start = target.indexOf("://") + 3
  let end = start
  while (end < target.length && target[end] !== "/" && target[end] !== "?") end++
  if (end === start) return "Absolute target without authority"
  if (target.lastIndexOf("@", end) >= start) return "Userinfo in url"
  return isAuthority(target.slice(start, end)) ? undefined : "Authority in url that is no host and port"
}
