// Bugs in the server of the Effect API.
const core = (name) => `packages/core/src/${name}.ts`
const net = (name) => `packages/core/test/${name}.test.ts`

const of = (area, file, bugs) =>
  bugs.map(({ nets, ...bug }) => ({ area, file: core(file), ...bug, nets: nets.map(net) }))

export const server = [
  ...of("server connection", "connection/server/state", [
    {
      name: "bytes of one exchange also count for the next",
      harm: "Access logs and metrics count bytes twice.",
      nets: ["server/outcome"],
      find: `      this.report(exchange, loss, status)
    }
    this.bytesInBefore = this.bytesIn
    this.bytesOutBefore = this.bytesOut`,
      replace: `      this.report(exchange, loss, status)
    }`
    }
  ]),
  ...of("server connection", "connection/server/connection", [
    {
      name: "a connection whose next head is arriving counts as idle",
      harm: "A server that closes idle connections aborts a request that is arriving.",
      nets: ["server/shutdown", "server/drain"],
      find: "if (this.exchange !== undefined || this.parser.inMessage) return\n    Endings.finish",
      replace: "if (this.exchange !== undefined) return\n    Endings.finish"
    },
    {
      name: "an unread body holds back the next request",
      harm: "The second request of a connection gets no response.",
      nets: ["server/waits"],
      find: "    this.inflow.release(forBody)\n    //",
      replace: "    //"
    },
    {
      name: "a large unread body is discarded after its response",
      harm: "A client can make a server read endless data.",
      nets: ["server/server"],
      find: 'if (!this.mayKeepAlive(exchange, false)) return Endings.finish(this, "RequestUnfinished")\n',
      replace: ""
    },
    {
      name: "one more request than maxRequestsPerSocket",
      harm: "The limit is off by one, and the last response does not announce the close.",
      nets: ["server/limits"],
      find: '(quota === "open" ? 0 : Against.MaxRequests)',
      replace: '(quota === "exceeded" ? Against.MaxRequests : 0)'
    },
    {
      name: "responses during a drain do not announce the close of the connection",
      harm: "Clients go on sending requests on a connection that is about to close.",
      nets: ["server/drain"],
      find: "      (draining ? Against.Draining : 0) |\n",
      replace: "",
      also: {
        file: core("connection/server/connection"),
        find: `    if (this.server.draining) this.automaton.mustClose("Draining")\n`,
        replace: ""
      }
    },
    {
      name: "the server forgets that it sent 100 Continue",
      harm: "A client that expects 100 and then sends no body never times out.",
      nets: ["ServerTimeouts"],
      find: "    if (status === 100) exchange.continued = true\n",
      replace: ""
    },
    {
      name: "a connection that has not had a request yet counts as idle",
      harm: "A client that connects early is closed by the keep-alive timeout instead of the headers timeout.",
      nets: ["ServerTimeouts"],
      find: "if (this.used) this.server.idle.enter(this)",
      replace: "this.server.idle.enter(this)"
    },
    {
      name: "responses pile up for a client that reads none",
      harm: "A client that pipelines and never reads makes the server buffer without bound.",
      nets: ["server/bounds"],
      find: "if (this.backedUp && this.transport.buffered + this.inflow.queued >",
      replace: "if (this.backedUp && false && this.transport.buffered + this.inflow.queued >"
    },
    {
      name: "FIN after a request aborts it although half-open connections are allowed",
      harm: "A client that half-closes after its request (as nc does) gets no response.",
      nets: ["server/gone"],
      find: "(exchange?.requestComplete === true || this.inflow.queued > 0)",
      replace: "this.inflow.queued > 0"
    },
    {
      name: "queued requests are dropped at FIN although half-open connections are allowed",
      harm: "Only the first of several pipelined requests gets a response when the client half-closes.",
      nets: ["server/gone"],
      find: "(exchange?.requestComplete === true || this.inflow.queued > 0)",
      replace: "exchange?.requestComplete === true && this.inflow.queued === 0"
    },
    {
      name: "requests queued behind unread responses are dropped at FIN",
      harm: "Some pipelined requests get no response when the client reads slowly and has half-closed.",
      nets: ["connection/withoutEffect"],
      find: "    const refusal = this.parser.finish()\n",
      replace:
        '    const refusal = this.parser.finish()\n    if (this.exchange === undefined) return Endings.finish(this, "PeerEof")\n'
    },
    {
      name: "a handler that ends without a response is not noticed",
      harm: "The client waits forever.",
      nets: ["server/server"],
      find: "    if (exchange.status === undefined) Refusals.respondByDefault(this, exchange.shutDown ? 503 : 500)\n    else this.cut(exchange)",
      replace: "    if (exchange.status !== undefined) this.cut(exchange)"
    }
  ]),

  ...of("server answers", "internal/server/answer", [
    {
      name: "`Connection: close` of a streamed response is ignored",
      harm: "A handler cannot close the connection; after a chunked response the client's next request hangs or is served.",
      nets: ["server/framing"],
      find: "    exchange.responseBegins(response, head)\n    exchange.connection.write(head.head)\n    return undefined",
      replace: `    exchange.responseBegins(response, { ...head, close: undefined })
    exchange.connection.write(head.head)
    return undefined`
    },
    {
      name: "a response that fails midway ends as if it were complete",
      harm: "A truncated body looks complete to the client.",
      nets: ["server/outcome"],
      find: "if (exchange.status !== undefined) exchange.cut(cause)",
      replace: "if (exchange.status !== undefined) sending.end(response).pipe(Effect.runSync)"
    },
    {
      name: "trailers are never sent",
      harm: "Checksums and gRPC statuses are lost.",
      nets: ["server/exchangeTrailers"],
      find: `  exchange.framing?._tag === "Chunked" ? exchange.trailers?.fields : undefined

class`,
      replace: `  exchange.framing?._tag === "Length" ? exchange.trailers?.fields : undefined

class`
    },
    {
      name: "a stream is still pulled after its client has left",
      harm: "An uninterruptible handler produces gigabytes in vain.",
      nets: ["server/gone"],
      find: "return abortedWith === undefined ? undefined : Effect.fail(abortedWith)",
      replace:
        "return abortedWith === undefined || this.writer !== undefined ? undefined : Effect.fail(abortedWith)",
      survives:
        "The stream of a response is interrupted as well, whatever its route says; the check is for a fiber whose interruption is still pending."
    }
  ]),

  ...of("server ends and refusals", "connection/server/endings", [
    {
      name: "a body is not failed when its client leaves",
      harm: "A handler that reads the request waits forever.",
      nets: ["server/gone"],
      find: "  exchange.body?.fail(loss)\n",
      replace: ""
    },
    {
      name: "a handler is not interrupted when its client leaves",
      harm: "Work goes on for clients that have left.",
      nets: ["server/gone", "server/server"],
      find: "  exchange.lost(loss, by)\n",
      replace: ""
    },
    {
      name: "an interruption by shutdown counts as one by the client",
      harm: "Logs blame clients for interruptions by a shutdown.",
      nets: ["server/outcome"],
      find: "  if (connection.exchange !== undefined) connection.exchange.shutDown = true\n",
      replace: ""
    },
    {
      name: "FIN ends a failed response without a length",
      harm: "A truncated body looks complete to an HTTP/1.0 client.",
      nets: ["server/framing"],
      find: "exchange?.untilClose !== true || exchange.responseComplete",
      replace: "true"
    },
    {
      name: "a request body stays open when its response is aborted",
      harm: "A fiber that reads it beside the handler waits forever.",
      nets: ["server/waits"],
      find: "  dropBody(connection, exchange)\n  connection.exchangeOver",
      replace: "  connection.exchangeOver"
    },
    {
      name: "a connection is reset without lingering",
      harm: "The reset overtakes the response: the client never sees 413 or 408.",
      nets: ["server/server"],
      find: "  connection.lingering.toTheEnd(lingerTime)\n",
      replace:
        "  if (connection.parser.inMessage || connection.inflow.queued > 0) connection.transport.reset()\n  else connection.lingering.toTheEnd(lingerTime)\n",
      also: {
        file: core("connection/server/connection"),
        find: "  private readonly parser: RequestParser\n",
        replace: "  readonly parser: RequestParser\n"
      }
    },
    {
      name: "a refusal is written into the middle of a response",
      harm: "The client takes the 400 for a part of the body.",
      file: core("connection/server/refusals"),
      nets: ["server/framing"],
      find: "if (!begun && clientErrors === undefined) writeResponse",
      replace: "if (clientErrors === undefined) writeResponse"
    },
    {
      name: "discarded bytes are read without bound",
      harm: "A refused client keeps a connection busy with endless data.",
      file: core("connection/server/linger"),
      nets: ["server/limits"],
      find: "    if (this.discarded <= lingerBytes) return\n",
      replace: "    if (this.discarded >= 0) return\n"
    },
    {
      name: "a connection whose client neither reads nor closes lingers forever",
      harm: "Refused clients keep their sockets.",
      file: core("connection/server/linger"),
      nets: ["ServerTimeouts"],
      find: "else if (forced || (this.patience > 0 && now - this.movedAt >= this.patience)) return transport.reset()",
      replace: "else if (forced) return transport.reset()"
    }
  ]),

  ...of("request bodies", "connection/transfer/body", [
    {
      name: "the limit of a body is checked only at its end",
      harm: "A server with a limit of a megabyte stores a gigabyte before it refuses.",
      nets: ["server/limits"],
      find: "if (limit !== undefined && this.waiting > limit) {",
      replace: 'if (limit !== undefined && this.state !== "open" && this.waiting > limit) {'
    },
    {
      name: "the limit of a streamed body is checked only at its end",
      harm: "A handler gets all of a body that is too large.",
      nets: ["server/multipart"],
      file: core("internal/incomingBody"),
      find: "limit === undefined || this.received <= limit) return Exit.succeed(slices)",
      replace:
        "limit === undefined || this.received <= limit || !(this.ended || this.failure))\n      return Exit.succeed(slices)"
    },
    {
      name: "half a UTF-8 character of one body leaks into the next one's text",
      harm: "Bytes of one client reach another client's request.",
      file: core("internal/server/request"),
      nets: ["server/server"],
      find: "decoder.decode(bytes)",
      replace: "decoder.decode(bytes, { stream: true })"
    },
    {
      name: "an interrupted reader of the whole body still counts",
      harm: "An unread body is buffered without bound.",
      nets: ["server/bounds"],
      find: "      over = true\n      this.collecting--\n",
      replace: '        over = true\n        if (this.state !== "open") this.collecting--\n'
    },
    {
      name: "only the first of several waiting readers is woken",
      harm: "A second middleware that reads the body waits forever.",
      nets: ["client/body"],
      find: "for (const done of readers) if (!done()) this.readers.push(done)",
      replace:
        "for (const done of readers) {\n      if (!done()) this.readers.push(done)\n      else break\n    }"
    },
    {
      name: "the memory of a copy is reused once its bytes were taken",
      harm: "Bytes held by a handler change.",
      file: core("connection/transfer/slices"),
      nets: ["server/bounds"],
      find: "    this.room = undefined\n    this.filled = this.listed = 0",
      replace: "    this.filled = this.listed = 0"
    },
    {
      name: "queued requests count without the unread body before them",
      harm: "A connection buffers twice its limit.",
      file: core("connection/transfer/inflow"),
      nets: ["server/gone"],
      find: "else if (body !== undefined && this.queued + body.waiting > this.lookAhead) {",
      replace: "else if (body !== undefined && Math.max(this.queued, body.waiting) > this.lookAhead) {"
    }
  ]),

  ...of("server time", "connection/server/deadlines", [
    {
      name: "an expired limit ends a response without a length by FIN",
      harm: "A truncated body looks complete to an HTTP/1.0 client.",
      nets: ["ServerTimeouts"],
      find: 'else breakOff(connection, exchange, "TimedOut")',
      replace: 'else breakOff(connection, undefined, "TimedOut")'
    },
    {
      name: "backpressure of a slow handler counts as the client's delay",
      harm: "Uploads to a slow handler end with 408.",
      nets: ["ServerTimeouts"],
      find: "    !connection.inflow.appliesBackpressure &&\n",
      replace: ""
    },
    {
      name: "waiting for 100 Continue counts as the client's delay",
      harm: "A client gets 408 if the handler is slow to read the body.",
      nets: ["ServerTimeouts"],
      find: "    !connection.inflow.appliesBackpressure &&\n    !connection.awaitsContinue(exchange)",
      replace: "    !connection.inflow.appliesBackpressure"
    },
    {
      name: "deadlines of one exchange are replaced by the server's",
      harm: "A long upload that was allowed ends with 408.",
      nets: ["ServerTimeouts"],
      find: "const policy = exchange?.deadlines ?? server.settings.timeouts",
      replace: "const policy = server.settings.timeouts"
    },
    {
      name: "the request timeout continues after the request has ended",
      harm: "A slow handler ends with 408.",
      file: core("connection/server/waits"),
      nets: ["ServerTimeouts"],
      find: "    this.fresh = false\n    this.begun = -1",
      replace: "    this.fresh = false"
    },
    {
      name: "late connections are searched only once",
      harm: "A second slow client never times out.",
      file: core("connection/server/sweep"),
      nets: ["ServerTimeouts"],
      find: "    if (this.connections.size > 0 && this.cancel === undefined) this.arm()\n",
      replace: ""
    },
    {
      name: "idle connections are closed only once",
      harm: "All but the first idle connection stay forever.",
      file: core("connection/server/idleList"),
      nets: ["ServerTimeouts"],
      find: "    if (this.first !== undefined && this.cancel === undefined) this.arm(this.first)\n",
      replace: ""
    },
    {
      name: "the last idle connection stays in the list when it leaves",
      harm: "The next idle connection is put behind a busy one, and never closes.",
      file: core("connection/server/idleList"),
      nets: ["ServerTimeouts"],
      find: "    if (idler.idleNext === undefined) this.last = idler.idlePrevious\n    else",
      replace: "    if (idler.idleNext !== undefined)"
    },
    {
      name: "FIN of a client under backpressure goes unnoticed",
      harm: "A handler continues for a client that left long ago.",
      nets: ["server/gone"],
      find: "    if (hasRoom(connection, 0)) inflow.probe()\n",
      replace: ""
    }
  ]),

  ...of("server limits and shutdown", "connection/server/life", [
    {
      name: "counts per address are not decremented",
      harm: "An address that has used up its connections is refused forever.",
      file: core("connection/server/admission"),
      nets: ["server/limits"],
      find: "    if (address === undefined) return\n    const left",
      replace: "    if (address === undefined || this.serving > 0) return\n    const left"
    },
    {
      name: "with TLS, counts per address are not decremented",
      harm: "The same after a handshake.",
      file: core("connection/server/admission"),
      nets: ["server/tls"],
      find: "this.counted.set(secured, this.counted.get(plain))",
      replace: "this.counted.set(secured, undefined)"
    },
    {
      name: "a refused connection keeps its slot",
      harm: "After 128 refusals every further connection is reset without a response.",
      file: core("connection/server/admission"),
      nets: ["server/limits"],
      find: "      this.answering--\n",
      replace: ""
    },
    {
      name: "slots of connections are not released",
      harm: "A server with a limit accepts no further connection.",
      nets: ["server/limits"],
      find: "    this.admission.leave(connection.transport)\n",
      replace: ""
    },
    {
      name: "the deadline of a shutdown spares no connection",
      harm: "A handler that should be waited for is interrupted.",
      nets: ["server/shutdown", "server/drain"],
      find: "const connections = [...this.connections].filter((connection) => !connection.waitsForHandler)",
      replace: "const connections = [...this.connections]"
    },
    {
      name: "handlers that wait for the drain are not notified",
      harm: "Event streams delay a shutdown until its deadline.",
      nets: ["server/drain"],
      find: "    for (const proceed of [...this.untilDrain]) proceed()\n",
      replace: ""
    },
    {
      name: "a server counts as empty while handlers run",
      harm: "A shutdown ends before its handlers.",
      nets: ["server/drain"],
      find: "this.connections.size > 0 || this.exchanges.size > 0) return",
      replace: "this.connections.size > 0) return"
    }
  ]),

  ...of("server upgrades", "connection/server/upgrade", [
    {
      name: "bytes after the upgrade request are lost",
      harm: "The first bytes of the other protocol are missing.",
      nets: ["server/exchangeUpgrade"],
      find: "const initial = connection.inflow.takeAll()",
      replace: "const initial = connection.inflow.takeAll().subarray(0, 0)"
    },
    {
      name: "the end of an upgraded exchange is reported only when its connection closes",
      harm: "Logs lack WebSockets whose client is slow to close.",
      nets: ["server/upgraded"],
      find: "  connection.handedOver?.revoke()\n  upgradeOver(connection)\n",
      replace: "  connection.handedOver?.revoke()\n"
    },
    {
      name: "an upgraded connection keeps reading although its client does not read",
      harm: "A client of an echo fills the server's memory.",
      file: core("connection/transfer/handedOver"),
      nets: ["server/bounds"],
      find: "if (!more && this.holds) this.hold()",
      replace: "if (!more && this.holds && this.paused) this.hold()"
    }
  ]),
  ...of("clients behind proxies", "wire/receive/forwarded", [
    {
      name: "addresses are read from the left",
      harm: "A client chooses the address that the server believes.",
      nets: ["server/trustedProxies"],
      find: "nodeAt(length - hops)",
      replace: "nodeAt(hops - 1)"
    }
  ]),
  ...of("requests in flight", "connection/server/endings", [
    {
      name: "a client that leaves the queue keeps its place in it",
      harm: "Requests get 503 although the queue has room.",
      nets: ["server/concurrentRequests"],
      find: 'if (exchange.place === "waiting") connection.server.requests?.leave(exchange)',
      replace: ""
    }
  ]),
  ...of("requests in flight", "connection/server/requestAdmission", [
    {
      name: "handlers that end at once start the next within each other",
      harm: "A long queue overflows the stack.",
      nets: ["server/concurrentRequests"],
      find: "if (this.admitting || this.queue.size === 0) return",
      replace: "if (this.queue.size === 0) return"
    }
  ])
]
