// What is measured. A new contestant is a line here and a module that exports `start(): Promise<port>`; a new scenario
// is one more record. The order of contestants is the order of the table.
const lines = (...head) => head.join("\r\n") + "\r\n\r\n"

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
      httpfx: "./hello/httpfx.mjs",
      "@effect/platform-node": "./hello/platform-node.mjs"
    }
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
      "undici, Pool.request": "./client/undici.mjs",
      "httpfx, Client": "./client/lean.mjs",
      "httpfx, HttpClient": "./client/httpfx.mjs",
      "platform-node, HttpClient": "./client/platform-node.mjs",
      "platform-node, HttpClient on undici": "./client/platform-undici.mjs"
    }
  }
]
