/**
 * Hints for messages about unknown options. A hint names the record that has such an option, the replacement
 * for an option of Node or another library, or an option with a similar spelling.
 */
type Names = ReadonlyArray<string>

/** The options of each record of options, for hints about options in the wrong record. */
const places: ReadonlyArray<readonly [place: string, names: Names]> = [
  [
    "ServerTimeouts.layer",
    [
      "headersTimeout",
      "requestTimeout",
      "progressTimeout",
      "progressBytes",
      "keepAliveTimeout",
      "keepAliveTimeoutBuffer",
      "connectionsCheckingInterval"
    ]
  ],
  ["limits", ["maxHeaderSize", "maxHeaderCount", "maxChunkExtensionsSize", "maxTrailerSize"]],
  [
    "tls",
    [
      "alpn",
      "ca",
      "cert",
      "certificates",
      "checkServerIdentity",
      "ciphers",
      "crl",
      "dhparam",
      "ecdhCurve",
      "handshakeTimeout",
      "honorCipherOrder",
      "key",
      "maxVersion",
      "minVersion",
      "passphrase",
      "pfx",
      "rejectUnauthorized",
      "requestCert",
      "requireCloseNotify",
      "secureOptions",
      "serverName",
      "sessionIdContext",
      "sessionTimeout",
      "sigalgs",
      "ticketKeys"
    ]
  ],
  [
    "a server (NodeHttpServer.layer, Server.layer)",
    [
      "host",
      "port",
      "path",
      "backlog",
      "ipv6Only",
      "reusePort",
      "maxConnections",
      "maxConnectionsPerAddress",
      "maxConcurrentRequests",
      "maxQueuedRequests",
      "requestQueueTimeout",
      "maxRequestsPerSocket",
      "maxBodySize",
      "requireHostHeader",
      "insecureHTTPParser",
      "sendDate",
      "trustedProxies",
      "whenFull",
      "retryAfter",
      "lameDuckPeriod",
      "idleConnectionGrace",
      "gracefulShutdownTimeout",
      "webSocketsAtDrain",
      "webSocket",
      "onClientError",
      "unknownExpectations"
    ]
  ],
  [
    "an agent (Agent.layer, NodeHttpClient.layerWith)",
    [
      "maxSockets",
      "maxTotalSockets",
      "maxFreeSockets",
      "scheduling",
      "idleTimeout",
      "keepAliveMsecs",
      "maxAge",
      "maxAgeJitter",
      "maxCachedSessions"
    ]
  ],
  ["a client (Client.layerWith) or a request", ["timeouts", "unreadTimeout", "proxy"]],
  [
    "connection",
    [
      "family",
      "hints",
      "localAddress",
      "localPort",
      "lookup",
      "attemptDelay",
      "socketPath",
      "createConnection"
    ]
  ],
  ["timeouts", ["queue", "resolve", "connect", "secure", "send", "head", "attempt", "total"]],
  [
    "a request",
    [
      "method",
      "url",
      "headers",
      "body",
      "auth",
      "agent",
      "connection",
      "parser",
      "trailers",
      "expectContinue",
      "earlyAnswer",
      "onInformational"
    ]
  ],
  ["Retry.make", ["times", "base", "cap", "maxRetryAfter", "statuses", "budgetRatio"]]
]

/** Options of Node.js, undici, axios and got that do not exist here, and what to use instead. */
const elsewhere: Readonly<Record<string, string>> = {
  ALPNProtocols: 'use "alpn"',
  allowHTTP1: "there is no HTTP/2",
  baseURL: "use HttpClientRequest.prependUrl with HttpClient.mapRequest",
  baseUrl: "use HttpClientRequest.prependUrl with HttpClient.mapRequest",
  bodyTimeout: 'use "timeouts.body"',
  compress: "use NodeCompression.compress",
  connectTimeout: 'use "timeouts.connect"',
  data: 'use "body"',
  decompress: "use NodeDecompression.decompress",
  followRedirect: "use Client.followRedirects",
  followRedirects: "use Client.followRedirects",
  headersTimeoutMs: 'use "timeouts.head"',
  hostname: 'use "host"',
  json: 'use "body"',
  maxHeadersCount: 'use "limits.maxHeaderCount"',
  maxRedirects: "use Client.followRedirects",
  params: 'write them into "url"',
  query: 'write it into "url"',
  retries: "use Retry",
  retry: "use Retry",
  searchParams: 'write them into "url"',
  servername: 'use "serverName"',
  signal: "interrupt the effect instead",
  timeout: 'use "timeouts"',
  uri: 'use "url"'
}

/**
 * Returns the number of edits that turn one word into the other, 3 at most. An edit inserts, deletes or
 * replaces a letter, or swaps two adjacent letters.
 */
const edits = (one: string, other: string): number => {
  if (Math.abs(one.length - other.length) > 2) return 3
  let before: Array<number> = []
  let last = Array.from({ length: other.length + 1 }, (_, i) => i)
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1]
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1])
        least = Math.min(least, before[j - 2]! + 1)
      row.push(least)
    }
    before = last
    last = row
  }
  return Math.min(last[other.length]!, 3)
}

const near = (name: string, names: Names): string | undefined => {
  const allowed = name.length < 5 ? 1 : 2
  const found = names
    .map((known) => [edits(name.toLowerCase(), known.toLowerCase()), known] as const)
    .filter(([count]) => count <= allowed)
    .sort(([one], [other]) => one - other)
  return found[0]?.[1]
}

/** Returns a hint for an unknown option of a record that has the options `known`, or `undefined`. */
export const hintFor = (name: string, known: Names): string | undefined => {
  const place = places.find(([, names]) => names.includes(name))?.[0]
  if (place !== undefined) return `it is an option of ${/^[a-z]+$/.test(place) ? `"${place}"` : place}`
  const meant = near(name, known)
  if (meant !== undefined) return `did you mean "${meant}"?`
  if (Object.hasOwn(elsewhere, name)) return elsewhere[name]
  return undefined
}
