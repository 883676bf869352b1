/**
 * Cases of the server battery about malformed requests. The server must refuse each request with one response
 * and close the connection. The app must never see the request.
 */
import type { Case } from "./case.js"
import * as Effect from "effect/Effect"
import { equal, excludes } from "../expect.js"
import { echo, get, served, statuses, talk } from "./case.js"

const chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"

// Each entry has a name, the bytes of the request, and the statuses that RFC 9110 and RFC 9112 allow.
const table: ReadonlyArray<readonly [string, string, ReadonlyArray<number>]> = [
  ["a malformed request line", "GARBAGE\r\n\r\n", [400]],
  ["HTTP/1.1 without Host (RFC 9112 §3.2)", "GET / HTTP/1.1\r\n\r\n", [400]],
  ["two Host fields (RFC 9112 §3.2)", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", [400]],
  ["another major version", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", [400, 505]],
  ["a blank before the colon (RFC 9112 §5.1)", "GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n", [400]],
  ["a folded line (RFC 9112 §5.2)", "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", [400]],
  ["a NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nA: b\x00c\r\n\r\n", [400]],
  ["a bare CR in a head", "GET / HTTP/1.1\r\nHost: a\r\nA: b\rc: d\r\n\r\n", [400]],
  ["a blank in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", [400]],
  ["a length that is not a number", get("/", "Content-Length: 1x\r\n"), [400]],
  ["a negative length", get("/", "Content-Length: -1\r\n"), [400]],
  ["two lengths that differ", get("/", "Content-Length: 1\r\nContent-Length: 2\r\n"), [400]],
  ["a length beside chunks (RFC 9112 §6.3)", `${chunked}Content-Length: 3\r\n\r\n0\r\n\r\n`, [400]],
  ["chunked that is not last (RFC 9112 §6.1)", get("/", "Transfer-Encoding: chunked, gzip\r\n"), [400, 501]],
  ["an unknown transfer coding", `${chunked.replace("chunked", "other, chunked")}\r\n0\r\n\r\n`, [501]],
  ["a chunk size that is not a number", `${chunked}\r\nzz\r\n`, [400]],
  ["a chunk size that overflows", `${chunked}\r\n${"f".repeat(20)}\r\n`, [400, 413]],
  ["a chunk longer than its size", `${chunked}\r\n2\r\nabc\r\n0\r\n\r\n`, [400]],
  ["a head of 100 kB", get("/", `A: ${"x".repeat(100_000)}\r\n`), [431]]
]

export const refusals: ReadonlyArray<Case> = table.map(([name, bytes, allowed]) =>
  served(
    `refuses ${name}`,
    echo,
    Effect.gen(function* () {
      // After a malformed request, the start of the next request is unknown, so the server must not respond
      // to the next.
      const all = yield* talk(bytes + get("/after"))
      const [status] = statuses(all)
      equal(allowed.includes(status ?? 0) ? allowed : [status], allowed, "the status")
      equal(statuses(all).length, 1, "responses")
      excludes(all, "after", "the response")
    })
  )
)
