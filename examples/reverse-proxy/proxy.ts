/**
 * A reverse proxy as a handler: streams the request to the upstream and the response back.
 *
 * Neither body is ever held whole. When a client leaves, its upstream request is interrupted. Failures of the
 * upstream's connections become statuses: 502 no response, 503 no free connection, 504 no response in time.
 * Only the log has the reason.
 *
 * Never contacts a host other than the upstream, whatever the target says, and never forwards a client's
 * claims about its own address: `Exchange.client` is what the connection or a trusted proxy says.
 */
import { Cookies, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { Exchange, type Client } from "@httpfx/core"
import { Effect } from "effect"

// Fields of a single connection (RFC 9110 §7.6.1), as are those that `Connection` names.
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

// Facts about the client that this proxy sets itself; upstreams would believe the client's own claims.
const forwarded = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"]

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

const words: Record<number, string> = {
  400: "no such target",
  501: "no such method",
  502: "no answer from the upstream",
  503: "no place left",
  504: "no answer from the upstream in time"
}

const refused = (status: number) =>
  HttpServerResponse.text(`${words[status]}\n`, {
    status,
    headers: status === 503 ? { "retry-after": "1" } : {}
  })

const failed = (status: number, why: string) =>
  Effect.as(Effect.logWarning(words[status], { status, why }), refused(status))

// Pass everything after the name unchanged: cookie names may repeat, and a proxy need not parse the rest.
const cookieOf = (line: string): Cookies.Cookie => {
  const [, name = "", rest = ""] = /^([^=]*)=?([^]*)$/.exec(line)!
  return { ...Cookies.unsafeMakeCookie("name", ""), name, value: rest, valueEncoded: rest }
}

const answer = (response: Client.Response) => {
  const cookies: Record<string, Cookies.Cookie> = {}
  // Without a prototype: `constructor` is a name like any other.
  const headers = Object.create(null) as Record<string, string>
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

/** Forwards requests to `upstream`, an origin as in `http://host:port`. */
export const proxy = (client: Client.Service, upstream: string) => {
  const { hostname, port, protocol } = new URL(upstream)
  const origin = {
    protocol: protocol as "http:" | "https:",
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? undefined : Number(port)
  }
  return Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    // A tunnel would lead anywhere, and TRACE would reveal fields added by other proxies.
    if (["CONNECT", "TRACE"].includes(request.method)) return refused(501)
    // An absolute target has become its path (RFC 9112 §3.2.2); `*` has no path.
    if (!request.url.startsWith("/")) return refused(400)
    const { client: sender, rawHeaders } = yield* Exchange.exchange
    const hasBody = "content-length" in request.headers || "transfer-encoding" in request.headers
    const response = yield* client.requestScoped({
      method: request.method,
      // Built from parts, so that no path can change the host.
      url: { ...origin, path: request.url },
      headers: [
        ...without(rawHeaders, ["host", ...forwarded]),
        "X-Forwarded-For",
        sender.address ?? "unknown",
        "X-Forwarded-Proto",
        sender.scheme,
        "Via",
        "1.1 reverse-proxy"
      ],
      ...(hasBody && { body: request.stream })
    })
    return answer(response)
  }).pipe(
    // The error says how far the request got; a client that has left gets no response.
    Effect.catchAll((error) => failed(statusOf(error._tag), error.message))
  )
}
