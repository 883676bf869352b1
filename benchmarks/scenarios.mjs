// The list of scenarios. A new contestant is a new line in this file and a module that exports `start():
// Promise<port>`. A new scenario is a new record. Tables list contestants in the order of this file.
const lines = (...head) => head.join("\r\n") + "\r\n\r\n"

const json = JSON.stringify({ name: "Ada Lovelace", tags: ["one", "two"] })
const put =
  lines(
    "PUT /users/42 HTTP/1.1",
    "Host: localhost",
    "Content-Type: application/json",
    `Content-Length: ${json.length}`
  ) + json
const form = [
  '--frontier\r\nContent-Disposition: form-data; name="file"; filename="large.bin"',
  "Content-Type: application/octet-stream",
  "",
  `${"0123456789abcdef".repeat(655_360)}\r\n--frontier--\r\n`
].join("\r\n")

// Returns the two contestants for an app of Effect 4. They differ only in the implementation of HTTP.
const effect4 = (app) => ({
  "Effect 4 on node:http": `./effect4/start.mjs?${app}`,
  "Effect 4 on @httpfx/node/http": `./effect4/start.mjs?${app}&ours`
})

// Returns the two contestants for an app of Effect. They differ only in the server's layer.
const both = (app) => ({
  "@effect/platform-node": `./platform/platform-node.mjs?${app}`,
  httpfx: `./platform/httpfx.mjs?${app}`
})

const webSocketKey = Buffer.alloc(16).toString("base64")
const message = "a message of thirty-two letters."
// The frame is masked with zeros, so the message is unchanged.
const frame = `\x81${String.fromCharCode(0x80 | message.length)}\0\0\0\0${message}`

export const scenarios = [
  {
    name: "hello",
    title: "hello world: GET on 64 keep-alive connections, 13 bytes of text back",
    request: lines("GET / HTTP/1.1", "Host: localhost"),
    connections: 64,
    baseline: "node:http",
    contestants: {
      "net socket, constant": "./hello/net.mjs",
      "node:http": "./hello/node-http.mjs",
      "@httpfx/node/http": "./hello/node-shaped.mjs",
      httpfx: "./hello/httpfx.mjs",
      "Effect 4": "./effect4/start.mjs?hello",
      "@effect/platform-node": "./hello/platform-node.mjs"
    }
  },
  {
    name: "router",
    title: "router of 50 routes: PUT with a path parameter, JSON in and out, on 64 connections",
    request: put,
    connections: 64,
    baseline: "@effect/platform-node",
    contestants: both("router")
  },
  {
    name: "api",
    title: "HttpApi: PUT with schemas for path, payload and answer on 64 connections",
    request: put,
    connections: 64,
    baseline: "@effect/platform-node",
    contestants: {
      ...both("api"),
      "httpfx, Serve.httpApi": "./platform/httpfx.mjs?compiledApi",
      "Effect 4": "./effect4/start.mjs?api"
    }
  },
  {
    name: "layerRouter",
    title: "HttpLayerRouter: the same request as 'router', on 64 connections",
    request: put,
    connections: 64,
    baseline: "@effect/platform-node",
    contestants: { ...both("layerRouter"), "Effect 4": "./effect4/start.mjs?router" }
  },
  {
    name: "routes, text",
    title: "one of 50 routes: GET, 7 bytes of text back, on 64 connections",
    request: lines("GET /things7 HTTP/1.1", "Host: localhost"),
    connections: 64,
    baseline: "fastify",
    contestants: {
      fastify: "./fastify/routes.mjs",
      "Effect 4": "./effect4/start.mjs?router",
      ...both("router")
    }
  },
  {
    name: "routes, JSON",
    title: "one of 50 routes: PUT with a path parameter, JSON in and out, on 64 connections",
    request: put,
    connections: 64,
    baseline: "fastify",
    contestants: {
      fastify: "./fastify/routes.mjs",
      "fastify, with a schema": "./fastify/routes.mjs?schema",
      "Effect 4": "./effect4/start.mjs?router",
      ...both("router")
    }
  },
  {
    name: "effect4, hello",
    title: "hello world of Effect 4: GET on 64 keep-alive connections, 13 bytes of text back",
    request: lines("GET / HTTP/1.1", "Host: localhost"),
    connections: 64,
    baseline: "Effect 4 on node:http",
    contestants: { ...effect4("hello"), httpfx: "./hello/httpfx.mjs" }
  },
  {
    name: "effect4, router",
    title: "router of Effect 4: the request of 'router', on 64 connections",
    request: put,
    connections: 64,
    baseline: "Effect 4 on node:http",
    contestants: { ...effect4("router"), httpfx: "./platform/httpfx.mjs?router" }
  },
  {
    name: "events",
    title: "server-sent events, as fast as they are taken, on 16 connections: requests are events",
    request: lines("GET / HTTP/1.1", "Host: localhost"),
    connections: 16,
    load: { kind: "marks", mark: "\n\n" },
    paced: true,
    baseline: "node:http",
    contestants: {
      "node:http": "./events/node-http.mjs",
      "@httpfx/node/http": "./events/node-shaped.mjs",
      "Effect 4": "./effect4/start.mjs?events",
      ...both("events")
    }
  },
  {
    name: "webSocket",
    title: "WebSocket: an echo of 32 bytes on 64 connections: requests are messages",
    request: lines(
      "GET / HTTP/1.1",
      "Host: localhost",
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${webSocketKey}`
    ),
    connections: 64,
    load: { kind: "frames", frame, length: message.length + 2 },
    paced: true,
    baseline: "ws on node:http",
    contestants: {
      "ws on node:http": "./webSocket/ws.mjs",
      "ws on @httpfx/node/http": "./webSocket/ws-node-shaped.mjs",
      ...both("webSocket")
    }
  },
  {
    name: "tls",
    title: "hello world with TLS: GET on 64 keep-alive connections, 13 bytes of text back",
    request: lines("GET / HTTP/1.1", "Host: localhost"),
    connections: 64,
    load: { secure: true },
    paced: true,
    baseline: "node:https",
    contestants: {
      "node:https": "./tls/node-https.mjs",
      "@httpfx/node/https": "./tls/node-shaped.mjs",
      httpfx: "./tls/httpfx.mjs"
    }
  },
  {
    name: "upload",
    title: "upload: a form with a file of 10 MB, part by part, on 4 connections",
    request:
      lines(
        "POST / HTTP/1.1",
        "Host: localhost",
        "Content-Type: multipart/form-data; boundary=frontier",
        `Content-Length: ${form.length}`
      ) + form,
    connections: 4,
    baseline: "@effect/platform-node",
    contestants: both("upload")
  },
  {
    name: "file",
    title: "static file: 100 kB on 16 connections",
    request: lines("GET / HTTP/1.1", "Host: localhost"),
    connections: 16,
    baseline: "@effect/platform-node",
    contestants: both("file")
  },
  {
    name: "compression",
    title: "compression: GET of 20 kB of JSON with gzip, on 16 connections",
    request: lines("GET / HTTP/1.1", "Host: localhost", "Accept-Encoding: gzip"),
    connections: 16,
    baseline: "node:http and zlib",
    contestants: {
      "node:http and zlib": "./compression/node-http.mjs",
      "httpfx, compress()": "./platform/httpfx.mjs?compression"
    }
  },
  {
    name: "compression, not asked for",
    title: "the same page for a client that accepts no coding, with the middleware and without",
    request: lines("GET / HTTP/1.1", "Host: localhost"),
    connections: 16,
    baseline: "httpfx",
    contestants: {
      httpfx: "./platform/httpfx.mjs?page",
      "httpfx, compress()": "./platform/httpfx.mjs?compression"
    }
  }
]

/**
 * Clients of a minimal server in another process. A contestant exports `start(url)`, which returns `{ drive
 * }`.
 */
export const clientScenarios = [
  {
    name: "client",
    title: "client: GET on 50 keep-alive connections, 13 bytes of text back",
    connections: 50,
    expected: "Hello, World!",
    baseline: "node:http, keep-alive agent",
    contestants: {
      "node:http, keep-alive agent": "./client/node-http.mjs",
      "@httpfx/node/http, keep-alive agent": "./client/node-shaped.mjs",
      "undici, Pool.request": "./client/undici.mjs",
      "undici, request": "./client/undici-request.mjs",
      "httpfx, Client": "./client/lean.mjs",
      "httpfx, HttpClient": "./client/httpfx.mjs",
      "platform-node, HttpClient": "./client/platform-node.mjs",
      "platform-node, HttpClient on undici": "./client/platform-undici.mjs"
    }
  }
]

/** Large bodies in both directions. A contestant serves `GET /<MiB>`, and counts the bytes of `POST /`. */
export const streamScenarios = [
  {
    name: "stream",
    connections: 4,
    baseline: "node:http",
    contestants: {
      "node:http": "./stream/node-http.mjs",
      "@httpfx/node/http": "./stream/node-shaped.mjs",
      httpfx: "./stream/httpfx.mjs"
    }
  }
]

/**
 * The longest pause of the event loop that one peer can cause. `start()` of a contestant returns `{ port,
 * upload }`.
 */
export const stallScenarios = [
  {
    name: "stalls",
    title: "stalls: the longest stop of the event loop, by what one peer does",
    situations: {
      "a client resets a streamed response": "reset",
      "a client takes a streamed response as fast as it comes": "fast",
      "a server resets an upload": "uploadReset",
      "a form ends within a file": "truncated",
      "a form crosses its limit within a file": "limit",
      "a WebSocket client never reads": "unread"
    },
    contestants: {
      httpfx: "./stalls/httpfx.mjs",
      "@effect/platform-node": "./stalls/platform-node.mjs"
    }
  }
]

/** The memory of idle connections. */
export const idleScenarios = [
  {
    name: "idle",
    title: "idle: memory after a collection",
    baseline: "node:http",
    contestants: {
      "node:http": "./idle/node-http.mjs",
      "@httpfx/node/http": "./idle/node-shaped.mjs",
      httpfx: "./idle/httpfx.mjs"
    }
  }
]

/**
 * Latencies at half the rate of the slowest contestant. A contestant serves `GET /`, an endless `GET
 * /download`, and `POST /`.
 */
export const tailScenarios = [
  {
    name: "tail",
    title: "tail latency of small responses on 64 connections",
    request: lines("GET / HTTP/1.1", "Host: localhost"),
    connections: 64,
    contestants: {
      "node:http": "./tail/node-http.mjs",
      "@httpfx/node/http": "./tail/node-shaped.mjs",
      ...both("tail")
    }
  }
]

const texts = {
  "node:http": "./growth/node-http.mjs",
  "@httpfx/node/http": "./growth/node-shaped.mjs",
  httpfx: "./platform/httpfx.mjs?growth"
}
const small = lines("GET / HTTP/1.1", "Host: localhost")
const withFields = (count) =>
  lines(
    "GET / HTTP/1.1",
    "Host: localhost",
    ...Array.from({ length: count }, (_, n) => `X-Field-${n}: the value of field ${n}`)
  )

/**
 * CPU time per request as one quantity grows. `job` returns the load for a size: request, connections
 * (default 16) and depth (default 1).
 */
export const growthScenarios = [
  {
    name: "growth, connections",
    title: "growth: CPU time per request over connections",
    sizes: [1, 16, 64, 256, 1024],
    job: (connections) => ({ connections, request: small }),
    contestants: texts
  },
  {
    name: "growth, fields",
    title: "growth: CPU time per request over fields of the request",
    sizes: [1, 16, 64, 256],
    job: (count) => ({ request: withFields(count) }),
    contestants: texts
  },
  {
    name: "growth, routes",
    title: "growth: CPU time per request over routes of platform's router",
    sizes: [1, 50, 500, 2000],
    job: () => ({ request: lines("GET /last/7 HTTP/1.1", "Host: localhost") }),
    contestants: { httpfx: (count) => `./growth/routes.mjs?${count}` }
  },
  {
    name: "growth, bodies",
    title: "growth: CPU time per response over bytes of its body",
    sizes: [100, 10_000, 100_000, 1_000_000],
    job: (bytes) => ({ request: lines(`GET /${bytes} HTTP/1.1`, "Host: localhost") }),
    contestants: texts
  },
  {
    name: "growth, depth",
    title: "growth: CPU time per request over requests that are sent at once",
    sizes: [1, 4, 16, 64],
    job: (depth) => ({ depth, request: small }),
    contestants: texts
  }
]

/** Scenarios whose contestants run on another runtime. */
export const runtimeScenarios = [
  {
    name: "bun",
    runtime: "bun",
    title: "hello world on Bun: GET on 64 keep-alive connections, 13 bytes of text back",
    request: lines("GET / HTTP/1.1", "Host: localhost"),
    connections: 64,
    baseline: "httpfx on NodeNetwork",
    contestants: {
      "Bun.serve": "./bun/serve.mjs",
      "Bun.listen, constant": "./bun/listen.mjs",
      "Bun's node:http": "./hello/node-http.mjs",
      "@httpfx/node/http": "./hello/node-shaped.mjs",
      "httpfx on NodeNetwork": "./hello/httpfx.mjs",
      "httpfx on BunNetwork": "./bun/httpfx.mjs"
    }
  }
]
