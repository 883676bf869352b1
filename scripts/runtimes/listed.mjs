// The cases that a runtime cannot pass, with reasons: `listed[runtime][suite][case]`. docs/runtimes.md has
// the same list.
const paused =
  "its `node:net` reads on while a socket is paused, notices the reset and destroys the socket with the unread bytes"
const write = "its `node:net` destroys a socket at a failed write, and the unread bytes with it"

export const listed = {
  bun: {
    "network on sockets": {
      "after the peer's FIN its reset is not reported, and our end closes":
        "the end of a socket that was reset after FIN fails there with EPIPE",
      "a paused end does not report RST, and first reads the bytes before it": paused,
      "over TCP a paused end can query a reset, with or without unread bytes": paused,
      "a failed write is reported after the bytes that arrived before it": write
    },
    "features on BunNetwork": {
      "TLS: the server chooses its certificate by SNI":
        "neither `upgradeTLS` nor `node:tls` over a stream has SNI there; the option is refused by name"
    },
    features: {
      "register hook: `import` and `require` of `http` give our module":
        "the runtime lets no program replace its HTTP modules; the hook throws an error that says so"
    }
  },
  deno: {
    features: {
      "TLS: an end without close_notify is a truncation, and one with it is not":
        "its `node:tls` reports the end of a session only with the end of the connection"
    },
    "network on sockets": {
      "a paused end does not report RST, and first reads the bytes before it": paused,
      "over TCP a paused end can query a reset, with or without unread bytes": paused,
      "abandon reports close at once, and the bytes sent before arrive":
        "its `node:net` discards queued writes when a socket is destroyed",
      "a failed write is reported after the bytes that arrived before it": write
    }
  }
}
