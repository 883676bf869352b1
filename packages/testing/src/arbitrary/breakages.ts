/**
 * An edit that makes a valid message invalid, so that a receiver must refuse the message. Each edit violates
 * one rule of RFC 9112 or RFC 9110. `fault` cites the rule.
 */

export interface Breakage {
  readonly fault: string
  readonly of: (wire: string) => string
}

const field = (line: string) => (wire: string) => wire.replace("\r\n", `\r\n${line}\r\n`)

const both: ReadonlyArray<Breakage> = [
  { fault: "blank before a colon (§5.1)", of: field("X-A : b") },
  { fault: "field without a name (§5)", of: field(": b") },
  { fault: "field without a colon (§5)", of: field("X-A") },
  { fault: "name that is no token (RFC 9110 §5.1)", of: field("X(A): b") },
  { fault: "NUL in a value (RFC 9110 §5.5)", of: field("X-A: b\x00c") },
  { fault: "bare CR in a value (§2.2)", of: field("X-A: b\rc") },
  { fault: "folded line (§5.2)", of: field("X-A: b\r\n c") },
  {
    fault: "two lengths that differ (§6.3)",
    of: (wire) => field("Content-Length: 1")(field("Content-Length: 2")(wire))
  },
  { fault: "length with a sign (RFC 9110 §8.6)", of: field("Content-Length: +1") },
  {
    fault: "length and chunks (§6.3)",
    of: (wire) => field("Transfer-Encoding: chunked")(field("Content-Length: 1")(wire))
  },
  { fault: "chunked twice (§6.1)", of: field("Transfer-Encoding: chunked, chunked") }
]

const startLine = (fault: string, change: (line: string) => string): Breakage => ({
  fault,
  of: (wire) => {
    const end = wire.indexOf("\r\n")
    return change(wire.slice(0, end)) + wire.slice(end)
  }
})

export const breakages: {
  readonly request: ReadonlyArray<Breakage>
  readonly response: ReadonlyArray<Breakage>
} = {
  request: [
    { fault: "no Host (§3.2)", of: (wire) => wire.replace("Host: test\r\n", "") },
    { fault: "two Hosts (§3.2)", of: field("Host: other") },
    startLine("two blanks in the request line (§3)", (line) => line.replace(" ", "  ")),
    startLine("no version (§3)", (line) => line.slice(0, line.lastIndexOf(" "))),
    startLine("version in lower case (§2.3)", (line) => line.replace("HTTP", "http")),
    startLine("method that is no token (§3.1)", (line) => `G(T${line.slice(line.indexOf(" "))}`),
    startLine("blank in the target (§3.2)", (line) => line.replace(" HTTP", "x y HTTP")),
    ...both
  ],
  response: [
    startLine("status of two digits (§4)", (line) => line.replace(/ (\d\d)\d/, " $1")),
    startLine("status that is no number (§4)", (line) => line.replace(/ \d{3}/, " 2x0")),
    startLine("version in lower case (§2.3)", (line) => line.replace("HTTP", "http")),
    startLine("no version (§4)", (line) => line.slice(line.indexOf(" ") + 1)),
    ...both
  ]
}
