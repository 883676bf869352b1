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
