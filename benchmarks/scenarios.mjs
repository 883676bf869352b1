// What is measured. A new contestant is a line here and a module that exports `start(): Promise<port>`; a new scenario
// is one more record. The order of contestants is the order of the table.
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

// An app on both servers of an Effect program; they differ in one layer.
const both = (app) => ({
  "@effect/platform-node": `./platform/platform-node.mjs?${app}`,
  httpfx: `./platform/httpfx.mjs?${app}`
})

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
    contestants: both("api")
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
  }
]

/** Clients of one bare server in another process; a contestant exports `start(url)`, which gives `{ drive }`. */
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
      "httpfx, Client": "./client/lean.mjs",
      "httpfx, HttpClient": "./client/httpfx.mjs",
      "platform-node, HttpClient": "./client/platform-node.mjs",
      "platform-node, HttpClient on undici": "./client/platform-undici.mjs"
    }
  }
]

/** Large bodies in both directions; a contestant answers `GET /<MiB>` and counts the body of `POST /`. */
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

/** The longest stop of the event loop that one peer causes; a contestant's `start()` gives `{ port, upload }`. */
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

/** Memory of connections on which nothing happens. */
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
