/**
 * Generates byte streams for the differential test. Messages are made from the grammar and its common
 * violations, and some are then damaged. The random numbers determine the stream completely.
 */
import type { Answering, Case, Role } from "./outcome.js"
import type { Random } from "./random.js"

const CRLF = "\r\n"

/** Returns `usual`, or with the probability `odd` one of the others. */
const mostly = (r: Random, usual: string, odd: number, others: ReadonlyArray<string>): string =>
  r.chance(odd) ? r.pick(others) : usual

const lineEnd = (r: Random, odd: number): string =>
  mostly(r, CRLF, odd, ["\n", "\r", "\r\r\n", "\n\n", "\r\r", "\n\r"])

const methods = (
  "GET POST PUT HEAD DELETE OPTIONS PATCH CONNECT TRACE SOURCE QUERY M-SEARCH UNSUBSCRIBE UNLINK MKACTIVITY " +
  "PROPPATCH REBIND ACL LOCK MERGE PURGE"
).split(" ")
const rtspMethods =
  "PRI PRI DESCRIBE GET_PARAMETER SETUP PLAY PAUSE FLUSH ANNOUNCE SET_PARAMETER RECORD".split(" ")
const wrongMethods = [
  "get",
  "GETT",
  "GE",
  "G",
  "FOO",
  "POSt",
  "PUTS",
  "PATCHX",
  "",
  "GET\t",
  "\u0000",
  "M-SEARC",
  "HTTP/1.1"
]

const targets = [
  "/",
  "/",
  "/index.html",
  "/a/b/c?x=1&y=2",
  "/?q=%20",
  "*",
  "http://example.com/",
  "http://example.com",
  "http://example.com:80/a?b",
  "http://user@example.com/",
  "http://[::1]:8080/x?y?z"
]
const looseTargets = ["/{x}|", "/a?b[]=1", "/^", "/%7b`", "/a#b", "/a?b#c?d#e"]
const oddTargets = [
  "example.com:443",
  "[::1]:80",
  "/a#b",
  "/a?b#c?d#e",
  '/{x}|"<>\\^`',
  "/\u00e9",
  "/a\tb",
  "/a\u000cb",
  "\t/",
  "http:/x",
  "http//x",
  "ht3p://x",
  "http://a@@b/",
  "http://a@b@c/",
  "http://?q",
  "http:// ",
  "//x",
  "?x",
  "[",
  "/[a]?b[]=1",
  "*x",
  "a",
  "http://a\u0001b",
  "/\u007f",
  "/\u0000"
]

const versions = [
  "HTTP/0.9",
  "HTTP/2.0",
  "HTTP/1.2",
  "HTTP/3.0",
  "HTTP/11",
  "HTTP/1",
  "HTTP/1.",
  "HTTP/.1",
  "HTTP/a.1",
  "HTTP/1.x"
]
const protocols = ["RTSP/1.0", "ICE/1.0", "RTSP/2.0", "HTTPS/1.1", "http/1.1", "HTP/1.1", "IC/1.0", "", "X"]

/** The last message may close the connection, because no message follows it. */
const version = (r: Random, odd: number, last: boolean): string => {
  const usual = r.chance(last ? 0.15 : 0.02) ? "HTTP/1.0" : "HTTP/1.1"
  if (r.chance(0.003)) return "HTTP/2.0"
  return r.chance(odd) ? r.pick(r.chance(0.5) ? versions : protocols) : usual
}

const requestLine = (r: Random, odd: number, last: boolean): string => {
  if (r.chance(0.004))
    return r.pick(["DESCRIBE * RTSP/1.0\r\n", "SOURCE / ICE/1.0\r\n", "SETUP / RTSP/1.1\r\n"])
  if (r.chance(0.008)) return `PRI * HTTP/2.0${CRLF}${CRLF}SM${CRLF}${CRLF}`
  const method = r.chance(0.7)
    ? r.pick(["GET", "POST", "PUT"])
    : r.chance(odd)
      ? r.pick(wrongMethods)
      : r.pick(r.chance(odd) ? [...methods, ...rtspMethods] : methods)
  const target =
    method === "CONNECT" && r.chance(0.8)
      ? r.pick(["example.com:443", "[::1]:1", "a:b@c:1"])
      : r.chance(odd)
        ? r.pick(oddTargets)
        : r.pick(r.chance(0.03) ? looseTargets : targets)
  if (method === "PRI" && r.chance(0.7))
    return `PRI * HTTP/2.0${CRLF}${CRLF}SM${mostly(r, CRLF + CRLF, 0.3, [CRLF, "\n"])}`
  if (r.chance(odd / 2)) return method + " " + target + lineEnd(r, 0.3)
  const space = (): string => mostly(r, " ", odd, ["  ", "   ", "\t", "", " ".repeat(30)])
  const protocol = rtspMethods.includes(method) && r.chance(0.8) ? "RTSP/1.0" : version(r, odd, last)
  return method + space() + target + space() + protocol + lineEnd(r, odd)
}

const reasons = [
  "OK",
  "Not Found",
  "",
  "caf\u00e9",
  "a\tb",
  "x".repeat(40),
  "tab\u0001",
  "null\u0000",
  "\u007f"
]
const statuses = [200, 200, 200, 200, 200, 100, 101, 102, 103, 199, 204, 304, 404, 500, 999]

const statusLine = (r: Random, odd: number, last: boolean): string => {
  const status = r.chance(odd)
    ? r.pick(["20", "2000", "2a0", "", "-20", "099", "000", "2 0"])
    : String(r.pick(statuses))
  const space = (): string => mostly(r, " ", odd, ["  ", "\t", ""])
  return version(r, odd, last) + space() + status + space() + r.pick(reasons) + lineEnd(r, odd)
}

const names = [
  "Accept",
  "X-A",
  "x",
  "User-Agent",
  "Cookie",
  "Host2",
  "Connection-X",
  "Content-Lengt",
  "Upgrades",
  "A_b.c!"
]
const wrongNames = [
  "",
  " X",
  "X Y",
  "X\u00e9",
  "X\t",
  "Connection ",
  "Upgrade  ",
  "Content-Length ",
  "Host ",
  "Connection x",
  "(",
  "\u0000"
]
const values = [
  "",
  "a",
  "*/*",
  'a, b;c="d"',
  "caf\u00e9",
  "a\tb",
  "  x  ",
  "\t",
  "x".repeat(60),
  "gzip, deflate"
]
const wrongValues = [
  "\u0000",
  "a\u0001b",
  "\u007f",
  "a\rb",
  "a\nb",
  "\r",
  "a\r\n b",
  "\r\n b",
  "a\r\n\tb\r\n c",
  "\n c",
  "\r x"
]

const lengths = [
  "0",
  "5",
  "5 ",
  "05",
  "+5",
  "-5",
  "5,5",
  "5 5",
  "0x5",
  "",
  " ",
  "5\t",
  "5a",
  "99999999999999999999",
  "18446744073709551615",
  "18446744073709551616",
  "9007199254740992",
  "00000000000000000000005"
]
const codings = [
  "chunked",
  "Chunked",
  "chunked ",
  " chunked",
  "gzip",
  "gzip, chunked",
  "chunked, gzip",
  "chunked,chunked",
  "chunked\t",
  "chunkedx",
  "xchunked",
  "",
  "identity",
  ",chunked",
  "chunked,",
  "chunked;q=1",
  "chun ked",
  "gzip,\tchunked",
  "\u00e9"
]
const connections = [
  "close",
  "keep-alive",
  "Keep-Alive",
  "upgrade",
  "Upgrade, close",
  "keep-alive, Upgrade",
  "closed",
  "close ,upgrade",
  "x, close",
  "close x",
  "keepalive",
  "upgrade,",
  ",close",
  "clo",
  "",
  "close\t",
  "a\u0001,close",
  "CLOSE"
]

const separator = (r: Random, odd: number): string =>
  mostly(r, ": ", odd, [":", ":  ", ":\t", " : ", ":\r\n ", ":" + " ".repeat(40)])

const plainField = (r: Random, odd: number): string => {
  const name = r.chance(odd / 2) ? r.pick(wrongNames) : r.pick(names)
  const value = r.chance(odd) ? r.pick(wrongValues) : r.pick(values)
  return name + separator(r, odd / 2) + value + lineEnd(r, odd / 2)
}

const framingField = (r: Random, odd: number): string => {
  const end = lineEnd(r, odd / 2)
  const name = (text: string): string =>
    r.chance(0.2) ? text.toUpperCase() : r.chance(0.1) ? text.toLowerCase() : text
  switch (r.int(6)) {
    case 0:
      return name("Connection") + separator(r, odd / 2) + r.pick(connections) + end
    case 1:
      return name("Upgrade") + separator(r, odd / 2) + r.pick(["websocket", "", "h2c"]) + end
    case 2:
      return name("Content-Length") + separator(r, odd / 2) + r.pick(lengths) + end
    case 3:
      return name("Transfer-Encoding") + separator(r, odd / 2) + r.pick(codings) + end
    case 4:
      return name("Proxy-Connection") + separator(r, odd / 2) + r.pick(connections) + end
    default:
      return name("Host") + separator(r, odd / 2) + r.pick(["x", "example.com:80", "a b", "[::1]", ""]) + end
  }
}

const extension = (r: Random, odd: number): string => {
  if (r.chance(0.15)) return r.pick([";;x", ";=b", ";a=", ';a=b"c"', ";x;"])
  const name = r.pick(["a", "name", "x1"])
  const value = r.chance(odd)
    ? r.pick(["", '"', '"a', 'a"b"', '"a"b', '"\\', "\u0001", "a b", '"\u0001"', "=", "\u00e9"])
    : r.pick(["v", '"q r"', '"\\""', '""', "1"])
  const form = r.chance(odd)
    ? r.pick([";", "; a", ";=", ";a =b", ";a\u0001", ";\r", ";\n", ";;"])
    : `;${name}`
  return r.chance(0.3) ? form : `${form}=${value}`
}

const chunks = (r: Random, odd: number): string => {
  let text = ""
  const count = r.int(4)
  for (let k = 0; k < count; k++) {
    const data = "hello world".slice(0, 1 + r.int(11))
    const size = r.chance(odd)
      ? r.pick([
          "",
          "g",
          "5 ",
          " 5",
          "-1",
          "0x5",
          "ffffffffffffffff",
          "10000000000000000",
          "20000000000000",
          "5\t",
          "00000000000000000005"
        ])
      : r.chance(0.2)
        ? data.length
            .toString(16)
            .toUpperCase()
            .padStart(r.pick([2, 4, 4, 17, 30]), "0")
        : data.length.toString(16)
    const extensions = r.chance(0.25) ? extension(r, odd).repeat(1 + r.int(2)) : ""
    text += size + extensions + lineEnd(r, odd / 2) + data + mostly(r, CRLF, odd / 2, ["\n", "", "\r", "x"])
  }
  // Extensions with sizes around their limit of 16384 bytes.
  if (r.chance(0.06))
    text += `5;${"e".repeat(r.chance(0.5) ? 16382 + r.int(5) : 16300 + r.int(200))}${r.chance(0.3) ? "=" + "v".repeat(r.int(200)) : ""}\r\nhello\r\n`
  text += `${mostly(r, "0", odd / 2, ["00", "0 ", ""])}${r.chance(0.1) ? extension(r, odd) : ""}${lineEnd(r, odd / 2)}`
  if (r.chance(0.25)) text += r.chance(0.3) ? framingField(r, odd) : plainField(r, odd)
  return text + lineEnd(r, odd / 2)
}

const message = (r: Random, role: Role, last: boolean, bodiless: boolean): string => {
  // Most messages are made without violations, so that many streams are accepted.
  const odd = r.chance(0.85) ? 0 : r.pick([0.03, 0.1, 0.3])
  let text = role === "request" ? requestLine(r, odd, last) : statusLine(r, odd, last)
  if (r.chance(odd / 4 + 0.003)) text += " "
  const count = r.chance(0.02) ? 40 : r.int(6)
  const fields: Array<string> = []
  for (let k = 0; k < count; k++)
    fields.push(odd > 0 && r.chance(0.4) ? framingField(r, odd) : plainField(r, odd))
  if (role === "request" && r.chance(0.8))
    fields.push(`Host: ${mostly(r, "example.com", 0.03, ["a b", "a/b", "u@h"])}${CRLF}`)
  if (r.chance(0.12))
    fields.push(`Connection: ${r.pick(["close", "keep-alive", "Upgrade", "upgrade, keep-alive"])}${CRLF}`)
  if (r.chance(0.1)) fields.push(`Upgrade: websocket${CRLF}`)
  // A body after a message that has no body would be read as the next message, which is seldom valid.
  const none = (bodiless || / (1..|204|304)\b/.test(text.slice(0, 13))) && r.chance(0.9)
  let body = ""
  switch (role === "response" && !last && r.chance(0.9) ? r.int(2) : r.int(4)) {
    case 0:
      body = "a body".repeat(r.int(5))
      fields.push(`Content-Length: ${body.length}${CRLF}`)
      if (r.chance(0.02)) fields.push(`content-length: ${body.length}${CRLF}`)
      break
    case 1:
      body = chunks(r, odd)
      fields.push(`Transfer-Encoding: chunked${CRLF}`)
      break
    case 2:
      if (role === "response") body = "until the end"
      break
  }
  for (let k = fields.length - 1; k > 0; k--) {
    const other = r.int(k + 1)
    ;[fields[k], fields[other]] = [fields[other]!, fields[k]!]
  }
  return text + fields.join("") + lineEnd(r, odd / 4) + (none ? "" : body)
}

const alphabet = '\r\n\t :;,="\\\u0000\u007f\u00ff0159afAFxhHc/?#@*[]'

/** Makes one change: a byte is changed, removed or inserted, a part is repeated, or the end is cut off. */
const damage = (r: Random, text: string): string => {
  const at = r.int(text.length + 1)
  const some = alphabet[r.int(alphabet.length)]!
  switch (r.int(6)) {
    case 0:
      return text.slice(0, at) + some + text.slice(at + 1)
    case 1:
      return text.slice(0, at) + text.slice(at + 1)
    case 2:
      return text.slice(0, at) + some + text.slice(at)
    case 3: {
      const end = at + r.int(12)
      return text.slice(0, end) + text.slice(at, end) + text.slice(end)
    }
    case 4:
      return text.slice(0, at)
    default: {
      const end = at + r.int(12)
      return text.slice(0, at) + text.slice(end)
    }
  }
}

const cutsOf = (r: Random, length: number): ReadonlyArray<number> => {
  const cuts = new Set<number>()
  switch (r.int(4)) {
    case 0:
      break
    case 1:
      for (let k = 0; k < length && length < 3000; k++) cuts.add(k + 1)
      break
    default:
      for (let k = r.int(8); k > 0; k--) cuts.add(1 + r.int(length))
  }
  cuts.add(length)
  return [...cuts].sort((a, b) => a - b)
}

const answerings: ReadonlyArray<Answering> = ["read", "read", "stop", "stop", "skip", "turns"]

/**
 * Returns a limit that the text may reach: a small random number, or about the size of its first target and
 * the fields after it.
 */
const smallLimit = (r: Random, text: string): number => {
  if (r.chance(0.4)) return 1 + r.int(200)
  const target = /^\S+ (\S+)/.exec(text)?.[1] ?? ""
  const fields = r.int(4)
  const lines = text.split(CRLF).slice(1, 1 + fields)
  const size = lines.reduce((sum, line) => sum + line.length - 2, target.length)
  return Math.max(1, size - 1 + r.int(3))
}

/** Generates the case that these random numbers determine. */
export const generate = (r: Random): Case => {
  const role: Role = r.chance(0.6) ? "request" : "response"
  const answering = r.pick(answerings)
  let text = r.chance(0.05) ? r.pick([CRLF, "\n", "\r", CRLF + CRLF, "\r\r\n"]) : ""
  const count = 1 + r.int(3)
  for (let k = 0; k < count; k++) {
    const bodiless = answering === "skip" || (answering === "turns" && k % 2 === 1)
    text += message(r, role, k === count - 1, bodiless)
  }
  if (r.chance(0.2)) for (let k = 1 + r.int(3); k > 0; k--) text = damage(r, text)
  if (text === "") text = CRLF
  const bytes = Buffer.from(text, "latin1")
  const maxHeaderSize = r.chance(0.1) ? smallLimit(r, text) : 16384
  return { role, answering, maxHeaderSize, bytes, cuts: cutsOf(r, bytes.length) }
}
