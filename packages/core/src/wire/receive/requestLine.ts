/**
 * Reads the request line (RFC 9112 §3). Records the method, the position of the target and the version, and
 * stops at the first field line. Accepts only known methods, in capitals. Never normalises a method or a
 * target.
 *
 * `readPlainLine` reads a usual line (such as `GET / HTTP/1.1`) in one pass, without target.ts and
 * version.ts. So a check that is added to those files must also be added to `readPlainLine` or to `checkHead`
 * (headChecks.ts).
 */
import {
  httpMethods,
  LOOSE_PATH,
  MethodPrefix,
  methodPrefixes,
  PATH,
  rtspMethods,
  URL_PATH
} from "../grammar/byteClasses.js"
import { latin1 } from "./fast/latin1.js"
import type { Machine } from "./machine.js"
import * as S from "./stage.js"
import { readTarget, SERVER, START } from "./target.js"
import { checkVersion, versionDigit } from "./version.js"

const CR = 13
const LF = 10
const SP = 32
const SLASH = 47

const http: ReadonlySet<string> = new Set(httpMethods)
const rtsp: ReadonlySet<string> = new Set(rtspMethods)

// The bytes of the HTTP/2 preface after the version (RFC 9113 §3.4).
const PREFACE = "\r\n\r\nSM\r\n\r\n"

/**
 * Reads a request line from the index `i` on, up to the end of the chunk (`n`), a refused byte, or the start
 * of the first field line. Returns the index where reading stopped.
 */
export const readRequestLine = (m: Machine, i: number, n: number): number => {
  if (m.stage === S.METHOD && m.partial === "") {
    const end = readPlainLine(m, i, n)
    if (end > i) return end
  }
  const chunk = m.chunk
  while (i < n) {
    switch (m.stage) {
      case S.METHOD: {
        i = readMethod(m, i, n)
        if (m.stage !== S.METHOD_SPACE) return i
        break
      }
      case S.METHOD_SPACE: {
        if (chunk[i] !== SP) return m.refuse(i, "HPE_INVALID_METHOD", "Expected space after method")
        i++
        m.stage = S.TARGET_SPACES
        break
      }
      case S.TARGET_SPACES: {
        const from = i
        while (i < n && chunk[i] === SP) i++
        // The stage METHOD_SPACE has read the one space that the grammar permits, so any space here is too
        // many.
        if (i > from && !m.allows("extraSpaces")) {
          return m.refuse(from, "HPE_INVALID_URL", "More than one space after method", "extraSpaces")
        }
        if (i === n) return i
        m.skipGap(from, i)
        m.stage = S.TARGET
        m.part = m.method === "CONNECT" ? SERVER : START
        m.originForm = m.part === START && chunk[i] === SLASH
        m.spanAt = i
        m.lineStart = i + m.base
        break
      }
      case S.TARGET: {
        i = readTarget(m, i, n)
        if (m.refusal !== undefined) return i
        break
      }
      case S.TARGET_ENDED:
      case S.TARGET_ENDED_09: {
        if (chunk[i] === 9 || chunk[i] === 12)
          return m.refuse(i + 1, "HPE_INVALID_URL", "Invalid characters in url")
        if (m.stage === S.TARGET_ENDED) {
          m.stage = S.VERSION_SPACES
          break
        }
        m.versionMajor = 0
        m.versionMinor = 9
        m.stage = S.FIELDS_START
        return i
      }
      case S.TARGET_LF: {
        if (chunk[i] !== LF) return m.refuse(i, "HPE_INVALID_URL", "Expected CRLF")
        i++
        m.stage = S.TARGET_ENDED_09
        break
      }
      case S.VERSION_SPACES: {
        const from = i
        while (i < n && chunk[i] === SP) i++
        if (i > from && !m.allows("extraSpaces")) {
          return m.refuse(from, "HPE_INVALID_CONSTANT", "More than one space after url", "extraSpaces")
        }
        if (i === n) return i
        m.stage = S.REQUEST_PROTOCOL
        m.word = 0
        m.part = 0
        break
      }
      default: {
        i = readVersion(m, i, n)
        if (m.stage === S.FIELDS_START || m.refusal !== undefined) return i
      }
    }
  }
  return i
}

const readVersion = (m: Machine, i: number, n: number): number => {
  const chunk = m.chunk
  for (; i < n; i++) {
    const c = chunk[i]!
    switch (m.stage) {
      case S.REQUEST_PROTOCOL: {
        if (!protocolByte(m, c)) {
          return m.refuse(i, "HPE_INVALID_CONSTANT", "Expected HTTP/, RTSP/ or ICE/")
        }
        if (m.part === protocols[m.word]!.length && !protocolFits(m, i + 1)) return i + 1
        break
      }
      case S.REQUEST_SLASH:
        if (c !== 47) return m.refuse(i, "HPE_INVALID_CONSTANT", "Expected HTTP/, RTSP/ or ICE/")
        m.stage = S.REQUEST_MAJOR
        break
      case S.REQUEST_MAJOR:
        m.versionMajor = versionDigit(c)
        if (m.versionMajor < 0)
          return m.refuse(i, "HPE_INVALID_VERSION", "Invalid major version", undefined, 505)
        m.stage = S.REQUEST_DOT
        break
      case S.REQUEST_DOT:
        if (c !== 46) return m.refuse(i, "HPE_INVALID_VERSION", "Expected dot", undefined, 505)
        m.stage = S.REQUEST_MINOR
        break
      case S.REQUEST_MINOR:
        m.versionMinor = versionDigit(c)
        if (m.versionMinor < 0)
          return m.refuse(i, "HPE_INVALID_VERSION", "Invalid minor version", undefined, 505)
        if (!checkVersion(m, i + 1)) return i + 1
        m.stage = m.method === "PRI" ? S.HTTP2_PREFACE : S.REQUEST_END
        m.part = 0
        break
      case S.REQUEST_END:
        if (c === CR) {
          m.stage = S.REQUEST_LF
        } else if (c === LF) {
          if (!m.allows("bareLineFeed")) {
            return m.refuse(i + 1, "HPE_INVALID_VERSION", "Expected CRLF after version", "bareLineFeed")
          }
          // If `bareLineFeed` and `bareCarriageReturn` are set, Node's parser reads a second LF as part of
          // the same line break.
          m.stage = m.allows("bareCarriageReturn") ? S.REQUEST_LF : S.FIELDS_START
          if (m.stage === S.FIELDS_START) return i + 1
        } else {
          return m.refuse(i, "HPE_INVALID_VERSION", "Expected CRLF after version")
        }
        break
      case S.REQUEST_LF:
        if (c !== LF && !m.allows("bareCarriageReturn")) {
          return m.refuse(i, "HPE_STRICT", "Expected CRLF after version", "bareCarriageReturn")
        }
        m.stage = S.FIELDS_START
        return c === LF ? i + 1 : i
      case S.HTTP2_PREFACE:
        if (c !== PREFACE.charCodeAt(m.part)) {
          return m.refuse(i, "HPE_INVALID_VERSION", "Expected HTTP/2 Connection Preface", undefined, 505)
        }
        if (++m.part === PREFACE.length) {
          return m.refuse(i + 1, "HPE_PAUSED_H2_UPGRADE", "Pause on PRI/Upgrade", undefined, 505)
        }
        break
    }
  }
  return i
}

/** The names of protocols before the slash of a version. RTSP and ICE need the flag `otherProtocols`. */
export const protocols: ReadonlyArray<string> = ["HTTP", "RTSP", "ICE"]

/**
 * Reads one byte of a protocol name. `m.word` is the index of the name, and `m.part` is the number of its
 * bytes that were read. Returns `false` if no name continues with this byte.
 */
export const protocolByte = (m: Machine, c: number): boolean => {
  if (m.part === 0) {
    m.word = protocols.findIndex((name) => name.charCodeAt(0) === c)
    if (m.word < 0) return false
  } else if (protocols[m.word]!.charCodeAt(m.part) !== c) {
    return false
  }
  m.part++
  return true
}

const protocolFits = (m: Machine, at: number): boolean => {
  const protocol = protocols[m.word]!
  if (protocol === "HTTP") {
    if (!http.has(m.method)) {
      m.refuse(at, "HPE_INVALID_CONSTANT", "Invalid method for HTTP/x.x request")
      return false
    }
  } else if (protocol === "RTSP" ? !rtsp.has(m.method) : m.method !== "SOURCE") {
    const reason =
      protocol === "RTSP"
        ? "Invalid method for RTSP/x.x request"
        : "Expected SOURCE method for ICE/x.x request"
    m.refuse(at, "HPE_INVALID_CONSTANT", reason)
    return false
  } else if (!m.allows("otherProtocols")) {
    m.refuse(at, "HPE_INVALID_CONSTANT", "Not an HTTP request", "otherProtocols")
    return false
  }
  m.stage = S.REQUEST_SLASH
  return true
}

/**
 * Reads a usual request line in one pass. A usual line has a frequent method, a target that starts with a
 * slash, and HTTP/1.1, all in this chunk. Returns the index after the line, or `i` for any other line, which
 * is then read byte by byte.
 */
const readPlainLine = (m: Machine, i: number, n: number): number => {
  const b = m.chunk
  const method = frequentMethod(b, i, n)
  if (method === "") return i
  const start = i + method.length + 1
  let end = start
  if (m.pathBytes === URL_PATH) while (end < n && urlTarget[b[end]!] !== 0) end++
  else if (m.pathBytes === LOOSE_PATH) while (end < n && looseTarget[b[end]!] !== 0) end++
  else while (end < n && strictTarget[b[end]!] !== 0) end++
  if (end + 11 > n || b[start] !== SLASH || end - start >= m.limit || !isHttp11(b, end)) return i
  m.method = method
  m.originForm = true
  m.lineStart = start + m.base
  m.lineEnd = end + m.base
  m.counted = end - start
  m.versionMajor = 1
  m.versionMinor = 1
  m.stage = S.FIELDS_START
  return end + 11
}

// `readPlainLine` reads path and query with one table, which has the path's bytes and the question mark. A
// query with bytes outside this table is read byte by byte.
const withQuery = (path: Uint8Array): Uint8Array => {
  const both = path.slice()
  both[63] = 1
  return both
}
const urlTarget = withQuery(URL_PATH)
const looseTarget = withQuery(LOOSE_PATH)
const strictTarget = withQuery(PATH)

/** Returns whether the chunk has " HTTP/1.1\r\n" at `i`. */
const isHttp11 = (b: Uint8Array, i: number): boolean =>
  b[i] === SP && b[i + 1] === 72 && b[i + 2] === 84 && b[i + 3] === 84 && b[i + 4] === 80 && b[i + 5] === SLASH && b[i + 6] === 49 &&
  b[i + 7] === 46 && b[i + 8] === 49 && b[i + 9] === CR && b[i + 10] === LF // prettier-ignore

/**
 * Returns the method at `i` if it is GET, POST, PUT or HEAD and a space follows. Returns the empty string
 * otherwise.
 */
const frequentMethod = (b: Uint8Array, i: number, n: number): string => {
  if (i + 5 > n) return ""
  const c1 = b[i + 1]
  const c2 = b[i + 2]
  const c3 = b[i + 3]
  switch (b[i]) {
    case 71:
      return c1 === 69 && c2 === 84 && c3 === SP ? "GET" : ""
    case 80:
      if (c1 === 79) return c2 === 83 && c3 === 84 && b[i + 4] === SP ? "POST" : ""
      return c1 === 85 && c2 === 84 && c3 === SP ? "PUT" : ""
    case 72:
      return c1 === 69 && c2 === 65 && c3 === 68 && b[i + 4] === SP ? "HEAD" : ""
    default:
      return ""
  }
}

const readMethod = (m: Machine, i: number, n: number): number => {
  let method = m.partial
  for (; i < n; i++) {
    const longer = method + latin1(m.chunk, i, i + 1)
    const found = methodPrefixes.get(longer)
    if (found === undefined) {
      if (methodPrefixes.get(method) === MethodPrefix.MayEnd) return whole(m, method, i)
      return m.refuse(i, "HPE_INVALID_METHOD", "Invalid method encountered")
    }
    method = longer
    if (found === MethodPrefix.Whole) return whole(m, method, i + 1)
  }
  m.partial = method
  return i
}

const whole = (m: Machine, method: string, i: number): number => {
  m.method = method
  m.partial = ""
  m.stage = S.METHOD_SPACE
  return i
}
