/**
 * Endless sources, and the ways in which a source loses its peer: the rows and columns of pumps.test.ts.
 *
 * A row starts an exchange whose source produces pieces synchronously and counts them. A column is the way in
 * which the peer is lost, or the reason why the source must stop. Both ends run in this process, on each
 * network.
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Client, Exchange, Network, Server, type Transport } from "@httpfx/core"
import { NodeNetwork, NodeWebSocket } from "@httpfx/node"
import { MemoryNetwork } from "@httpfx/testing"
import { readFileSync } from "node:fs"

/** The way in which the peer is lost, or the reason why the source must stop. */
export type Column = "reset" | "FIN" | "silence" | "interrupted" | "limit"
export const columns: ReadonlyArray<Column> = ["reset", "FIN", "silence", "interrupted", "limit"]

export interface Net {
  readonly layer: Layer.Layer<Network.Network>
  readonly tls: boolean
}

const pem = (name: string) => readFileSync(new URL(`../fixtures/${name}.pem`, import.meta.url), "utf8")
const own = { cert: pem("server"), key: pem("server-key") }
const unverified = { rejectUnauthorized: false }

export const networks: Record<string, Net> = {
  TCP: { layer: NodeNetwork.layer, tls: false },
  TLS: { layer: NodeNetwork.layer, tls: true },
  memory: { layer: MemoryNetwork.layer(), tls: false }
}

/** Waits for a turn of the event loop. */
export const turn = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))

/**
 * Waits until a condition holds, which is checked once per turn of the event loop. The test runner limits the
 * wait.
 */
export const until = (holds: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (holds() ? Effect.void : Effect.zipRight(turn, until(holds))))

/** Waits until no piece was produced for this many milliseconds. */
export const still = (made: () => number, millis = 40): Effect.Effect<void> =>
  Effect.suspend(() => {
    const before = made()
    const wait = Effect.promise(() => new Promise((done) => setTimeout(done, millis)))
    return Effect.zipRight(
      wait,
      Effect.suspend(() => (made() === before ? Effect.void : still(made, millis)))
    )
  })

/**
 * The end of the connection that has no source. Reads and counts bytes, and closes or resets the connection.
 */
export class Peer {
  received = 0
  /** The first bytes received, as text. */
  text = ""
  ending: "open" | "FIN" | "failed" | "closed" = "open"

  constructor(readonly transport: Transport.Transport) {
    transport.start({
      data: (chunk) => {
        if (this.text.length < 1000) this.text += new TextDecoder("latin1").decode(chunk)
        this.received += chunk.length
      },
      end: () => {
        if (this.ending === "open") this.ending = "FIN"
      },
      drain: () => {},
      error: () => {
        this.ending = "failed"
      },
      close: () => {
        if (this.ending !== "failed") this.ending = "closed"
      }
    })
  }
}

/** Counts the pieces of a test's source, and records how the source ended. */
export class State {
  made = 0
  /** The way in which the source ended. */
  ended: string | undefined
  /** The transports to which this process writes. */
  readonly transports: Array<Transport.Transport> = []
  interrupt: Effect.Effect<void> = Effect.void
  readonly piece = new Uint8Array(1024)

  /** An endless stream, each of whose pieces is a separate chunk, without asynchronous steps. */
  readonly pieces: Stream.Stream<Uint8Array> = Stream.repeatEffect(
    Effect.sync(() => {
      this.made++
      return this.piece
    })
  )

  /** The maximum number of bytes buffered on one connection. */
  get buffered(): number {
    return Math.max(...this.transports.map((transport) => transport.buffered))
  }

  readonly end = (exit: Exit.Exit<unknown, unknown>): void => {
    this.ended ??= Exit.match(exit, {
      onSuccess: (value) => (typeof value === "object" ? "done" : String(value)),
      onFailure: (cause) =>
        Cause.isInterruptedOnly(cause)
          ? "interrupted"
          : ((Cause.squash(cause) as { _tag?: string })._tag ?? "died")
    })
  }
}

// Records every connection of a network.
const watched = ({ layer }: Net, state: State): Layer.Layer<Network.Network> => {
  const seen = (transport: Transport.Transport) => {
    state.transports.push(transport)
    return transport
  }
  const service = Effect.map(Network.Network, (network): Network.Service => ({
    ...network,
    connect: (address, options) => Effect.map(network.connect(address, options), seen),
    secure: (transport, options) => Effect.map(network.secure(transport, options), seen),
    listen: (options, onConnection) => network.listen(options, (transport) => onConnection(seen(transport)))
  }))
  return Layer.provide(Layer.effect(Network.Network, service), layer)
}

/** Connects a raw peer to a server. */
const dial = (net: Net, address: Transport.Address) =>
  Effect.gen(function* () {
    const network = yield* Network.Network
    const transport = yield* network.connect(address)
    return new Peer(net.tls ? yield* network.secure(transport, { role: "client", ...unverified }) : transport)
  })

const takenBy = (state: State) =>
  Effect.flatMap(Exchange.upgrade(), (socket) =>
    Stream.runForEach(state.pieces, (piece) => socket.write(piece)).pipe(
      Effect.onExit((exit) => Effect.sync(() => state.end(exit)))
    )
  )

const messages = (state: State) =>
  Effect.gen(function* () {
    const socket = yield* HttpServerRequest.upgrade
    const write = yield* socket.writer
    // `run` sends the response of the handshake. Only a failed write shows that the peer is lost.
    yield* Effect.forkScoped(socket.runRaw(() => Effect.void))
    yield* Stream.runForEach(state.pieces, write).pipe(
      Effect.onExit((exit) => Effect.sync(() => state.end(exit)))
    )
    return HttpServerResponse.empty()
  })

// For forms, the parser is the source of the handler's parts. Counts the bytes that the handler has read, in
// KiB.
const reading = (state: State) =>
  Effect.gen(function* () {
    const { multipartStream } = yield* HttpServerRequest.HttpServerRequest
    const read = (bytes: Uint8Array) => Effect.sync(() => void (state.made += bytes.length / 1024))
    yield* Stream.runForEach(multipartStream, (part) =>
      part._tag === "File" ? Stream.runForEach(part.content, read) : Effect.void
    )
    return HttpServerResponse.empty()
  }).pipe(HttpServerRequest.withMaxBodySize(Option.some(3_000_000)))

/** The app of the server. */
const app = (state: State) =>
  Effect.gen(function* () {
    const { method, url } = yield* HttpServerRequest.HttpServerRequest
    if (url === "/other") return HttpServerResponse.text("<other>")
    yield* Effect.withFiberRuntime<void>((fiber) => {
      state.interrupt = Effect.sync(() => fiber.unsafeInterruptAsFork(fiber.id()))
      return Effect.void
    })
    if ((method as string) === "CONNECT" || url === "/raw") {
      yield* takenBy(state)
      return HttpServerResponse.empty()
    }
    if (url === "/socket") return yield* messages(state)
    if (url === "/form") return yield* reading(state)
    return HttpServerResponse.stream(state.pieces, url === "/limited" ? { contentLength: 3_000_000 } : {})
  })

const serving = (net: Net, state: State) =>
  Effect.gen(function* () {
    const server = yield* Server.make({
      port: 0,
      host: "127.0.0.1",
      gracefulShutdownTimeout: 0,
      ...(net.tls && { tls: own })
    })
    yield* server.observe((event) => {
      if (event._tag !== "ExchangeEnded") return
      const { _tag, status, target, upgraded } = event.outcome
      // The exchange of an upgraded connection completes before its writer notices the loss.
      if (target === "/other" || upgraded !== undefined) return
      if (_tag !== "Answered") state.ended ??= _tag
      else if (event.outcome.method === "POST") state.ended ??= String(status)
    })
    yield* server.httpServer.serve(Effect.orDie(Effect.scoped(app(state))))
    return server.address
    // The peers of these tests never answer a close frame.
  }).pipe(Effect.provide(NodeWebSocket.layer({ closeTimeout: "10 millis" })))

/** Sends a request of another client while the source runs. Returns the response's text or the failure. */
export type Other = Effect.Effect<string, unknown, Network.Network | Scope.Scope>

const other = (net: Net, address: Transport.Address): Other =>
  Effect.gen(function* () {
    const peer = yield* dial(net, address)
    peer.transport.write("GET /other HTTP/1.1\r\nHost: t\r\n\r\n")
    yield* until(() => peer.text.includes("<other>") || peer.ending !== "open")
    peer.transport.reset()
    return peer.text.slice(-7)
  })

export interface Begun {
  readonly peer: Peer
  readonly other: Other
  /** Makes the peer exceed its limit. */
  readonly cross?: Effect.Effect<void>
}

export interface Row {
  readonly begin: (
    net: Net,
    state: State,
    column: Column
  ) => Effect.Effect<Begun, unknown, Network.Network | Scope.Scope>
  /** The way in which the source ends for each column, or the reason why the column does not apply. */
  readonly ends: Record<Column, RegExp | { readonly notApplicable: string }>
}

const asked =
  (head: (column: Column) => string): Row["begin"] =>
  (net, state, column) =>
    Effect.gen(function* () {
      const address = yield* serving(net, state)
      const peer = yield* dial(net, address)
      peer.transport.write(head(column))
      return { peer, other: other(net, address) }
    })

/** Uploads an endless file as fast as the server accepts it. */
const form: Row["begin"] = (net, state, column) =>
  Effect.gen(function* () {
    const address = yield* serving(net, state)
    const peer = yield* dial(net, address)
    const { transport } = peer
    const part = '--b\r\nContent-Disposition: form-data; name="a"; filename="x"\r\n\r\n'
    const chunk = (bytes: string) => `${bytes.length.toString(16)}\r\n${bytes}\r\n`
    transport.write(
      "POST /form HTTP/1.1\r\nHost: t\r\nContent-Type: multipart/form-data; boundary=b\r\n" +
        `Transfer-Encoding: chunked\r\n\r\n${chunk(part)}`
    )
    const piece = chunk("x".repeat(16_384))
    const send = () => {
      if (!transport.writable || (column === "silence" && state.made > 1000)) return
      if (transport.buffered === 0) transport.write(piece)
      setImmediate(send)
    }
    send()
    return { peer, other: other(net, address) }
  })

const upload: Row["begin"] = (net, state) =>
  Effect.gen(function* () {
    const network = yield* Network.Network
    const accepted = yield* Deferred.make<Transport.Transport>()
    const listener = yield* network.listen({ port: 0, host: "127.0.0.1" }, (transport) => {
      Deferred.unsafeDone(accepted, Effect.succeed(transport))
    })
    const client = yield* Client.make({ tls: unverified })
    const { port } = listener.address as Transport.TcpAddress
    const sending = Client.request({
      method: "POST",
      url: `http${net.tls ? "s" : ""}://127.0.0.1:${port}/`,
      body: state.pieces
    }).pipe(
      Effect.flatMap((response) => Effect.as(response.text, response.status)),
      Effect.onExit((exit) => Effect.sync(() => state.end(exit))),
      Effect.scoped,
      Effect.provideService(Client.Client, client)
    )
    const fiber = yield* Effect.forkScoped(sending)
    state.interrupt = Fiber.interruptFork(fiber)
    const transport = yield* Deferred.await(accepted)
    const peer = new Peer(net.tls ? yield* network.secure(transport, { role: "server", ...own }) : transport)
    const refuse = "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    const address = yield* serving(net, new State())
    return {
      peer,
      other: other(net, address),
      cross: Effect.sync(() => void peer.transport.write(refuse))
    }
  })

// The error depends on which event the system reports first.
const gone = /^ConnectionReset$|^BrokenPipe$/
const hungUp = /^HangUp$|^ConnectionReset$|^BrokenPipe$/
const noLimit = { notApplicable: "another protocol's bytes have no limit here" }

/** The rows, by the name of the source. */
export const rows: Record<string, Row> = {
  "a server's answer": {
    begin: asked((column) => `GET /${column === "limit" ? "limited" : "rows"} HTTP/1.1\r\nHost: t\r\n\r\n`),
    ends: {
      reset: /^ClientGone$/,
      FIN: /^ClientGone$/,
      silence: /^ClientGone$/,
      interrupted: /^ServerFailed$/,
      limit: /^ServerFailed$/
    }
  },
  "a client's upload": {
    begin: upload,
    ends: {
      reset: gone,
      FIN: hungUp,
      silence: gone,
      interrupted: /^interrupted$/,
      limit: /^413$/
    }
  },
  "a form": {
    begin: form,
    ends: {
      reset: /^ClientGone$/,
      FIN: /^ClientGone$/,
      silence: /^ClientGone$/,
      interrupted: /^ServerFailed$/,
      limit: /^413$/
    }
  },
  "a raw socket": {
    begin: asked(() => "GET /raw HTTP/1.1\r\nHost: t\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n"),
    ends: { reset: gone, FIN: gone, silence: gone, interrupted: /^interrupted$/, limit: noLimit }
  },
  "a WebSocket": {
    begin: asked(
      () =>
        "GET /socket HTTP/1.1\r\nHost: t\r\nConnection: upgrade\r\nUpgrade: websocket\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ),
    ends: {
      reset: /^SocketError$/,
      FIN: /^SocketError$/,
      silence: /^SocketError$/,
      interrupted: /^interrupted$/,
      limit: { notApplicable: "`maxPayload` limits what a WebSocket reads, not what it sends" }
    }
  },
  "a tunnel": {
    begin: asked(() => "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"),
    ends: { reset: gone, FIN: gone, silence: gone, interrupted: /^interrupted$/, limit: noLimit }
  }
}

/** Runs a test on a network and records its connections. */
export const on =
  (net: Net, state: State) =>
  <A, E>(test: Effect.Effect<A, E, Network.Network | Scope.Scope>): Effect.Effect<A, E> =>
    Effect.provide(Effect.scoped(test), [watched(net, state), Logger.minimumLogLevel(LogLevel.None)])
