/**
 * A reverse proxy as a handler: the request goes on to the upstream, the answer comes back, both as they flow.
 *
 * Neither body is ever held whole. A client that goes away takes its upstream request with it. What the upstream's
 * connections cannot do is told by status: 502 no answer, 503 no place, 504 no answer in time.
 */
import { Cookies, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { Exchange, type Client } from "@httpfx/core"
import { Effect } from "effect"

// They belong to one connection (RFC 9110 §7.6.1), as do the fields that `Connection` names.
const hopByHop = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade"
]

const without = (rawHeaders: ReadonlyArray<string>, more: ReadonlyArray<string>): Array<string> => {
  const dropped = new Set([...hopByHop, ...more])
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.toLowerCase() !== "connection") continue
    for (const name of rawHeaders[i + 1]!.split(",")) dropped.add(name.trim().toLowerCase())
  }
  return rawHeaders.filter((_, i) => !dropped.has(rawHeaders[i - (i % 2)]!.toLowerCase()))
}

const statusOf = (tag: string): number =>
  tag === "QueueTimedOut" ? 503 : tag.endsWith("TimedOut") || tag === "ConnectionTimedOut" ? 504 : 502

const failed = (status: number, why: string) =>
  Effect.as(
    Effect.logWarning("no answer from the upstream", { status, why }),
    HttpServerResponse.text(`${why}\n`, { status, headers: status === 503 ? { "retry-after": "1" } : {} })
  )

// What stands behind its name goes out as it came: two may have one name, and a proxy has nothing to read there.
const cookieOf = (line: string): Cookies.Cookie => {
  const [, name = "", rest = ""] = /^([^=]*)=?([^]*)$/.exec(line)!
  return { ...Cookies.unsafeMakeCookie("name", ""), name, value: rest, valueEncoded: rest }
}

const answer = (response: Client.Response) => {
  const cookies: Record<string, Cookies.Cookie> = {}
  const headers: Record<string, string> = {}
  const fields = without(response.rawHeaders, ["content-type", "content-length"])
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!.toLowerCase()
    const value = fields[i + 1]!
    if (name === "set-cookie") cookies[i] = cookieOf(value)
    else headers[name] = name in headers ? `${headers[name]}, ${value}` : value
  }
  const length = response.header("content-length")
  const { status, statusMessage: statusText } = response
  const head = { status, statusText, headers, cookies: Cookies.fromReadonlyRecord(cookies) }
  if (length === "0") return HttpServerResponse.empty(head)
  return HttpServerResponse.stream(response.body, {
    ...head,
    contentType: response.header("content-type"),
    contentLength: length === undefined ? undefined : Number(length)
  })
}

/** Hands requests on to `upstream`, an origin as in `http://host:port`. */
export const proxy = (client: Client.Service, upstream: string) =>
  Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const { connection, rawHeaders } = yield* Exchange.exchange
    const peer = connection.remote?._tag === "TcpAddress" ? connection.remote.hostname : "unknown"
    const before = request.headers["x-forwarded-for"]
    const hasBody = "content-length" in request.headers || "transfer-encoding" in request.headers
    const response = yield* client.requestScoped({
      method: request.method,
      url: upstream + request.url,
      headers: [
        ...without(rawHeaders, ["host", "x-forwarded-for"]),
        "X-Forwarded-For",
        before === undefined ? peer : `${before}, ${peer}`,
        "Via",
        "1.1 reverse-proxy"
      ],
      ...(hasBody && { body: request.stream })
    })
    return answer(response)
  }).pipe(
    // The error says how far the request came; a client that broke off has nobody left to tell.
    Effect.catchAll((error) => failed(statusOf(error._tag), error.message))
  )
