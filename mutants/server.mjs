// Bugs in the Effect driver's server.
const core = (name) => `packages/core/src/${name}.ts`
const net = (name) => `packages/core/test/${name}.test.ts`

const of = (area, file, bugs) =>
  bugs.map(({ nets, ...bug }) => ({ area, file: core(file), ...bug, nets: nets.map(net) }))

export const server = [
  ...of("server connection", "connection/server/state", [
    {
      name: "bytes of one exchange count for the next as well",
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
      name: "a connection whose next head is arriving is idle",
      harm: "A server that closes idle connections cuts a request that is on its way.",
      nets: ["server/shutdown", "server/drain"],
      find: "if (this.exchange !== undefined || this.parser.inMessage) return\n    Endings.finish",
      replace: "if (this.exchange !== undefined) return\n    Endings.finish"
    },
    {
      name: "an unread body holds back the next request",
      harm: "The second request of a connection is never answered.",
      nets: ["server/waits"],
      find: "    this.inflow.release(forBody)\n    // Bounds the buffers of a client",
      replace: "    // Bounds the buffers of a client"
    },
    {
      name: "a large rest of a request is read after its answer",
      harm: "A client can have a server read without end what nobody wants.",
      nets: ["server/server"],
      find: 'if (!this.mayKeepAlive(exchange, false)) return Endings.finish(this, "RequestUnfinished")\n',
      replace: ""
    },
    {
      name: "one more request than maxRequestsPerSocket",
      harm: "The limit is off by one, and the last answer does not announce the close.",
      nets: ["server/limits"],
      find: '(quota === "open" ? 0 : Against.MaxRequests)',
      replace: '(quota === "exceeded" ? Against.MaxRequests : 0)'
    },
    {
      name: "answers in a drain do not announce the close of the connection",
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
      name: "that 100 Continue was sent is forgotten",
      harm: "A client that asks whether it may send, and then sends nothing, is never late.",
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
      name: "answers pile up for a client that reads none",
      harm: "A client that pipelines and never reads has the server buffer without bound.",
      nets: ["server/bounds"],
      find: "if (this.backedUp && this.transport.buffered + this.inflow.queued >",
      replace: "if (this.backedUp && false && this.transport.buffered + this.inflow.queued >"
    },
    {
      name: "FIN behind a request ends it although half-open connections are allowed",
      harm: "A client that closes its side after its request (as nc does) gets no answer.",
      nets: ["server/gone"],
      find: "(exchange?.requestComplete === true || this.inflow.queued > 0)",
      replace: "this.inflow.queued > 0"
    },
    {
      name: "requests behind FIN are dropped although half-open connections are allowed",
      harm: "Of requests sent together only the first is answered when the client closes its side.",
      nets: ["server/gone"],
      find: "(exchange?.requestComplete === true || this.inflow.queued > 0)",
      replace: "exchange?.requestComplete === true && this.inflow.queued === 0"
    },
    {
      name: "requests that wait for the client to take responses are dropped behind FIN",
      harm: "Of requests sent together some are never answered when the client reads slowly and has closed its side.",
      nets: ["connection/withoutEffect"],
      find: "    const refusal = this.parser.finish()\n",
      replace:
        '    const refusal = this.parser.finish()\n    if (this.exchange === undefined) return Endings.finish(this, "PeerEof")\n'
    },
    {
      name: "a handler that ends without an answer is not noticed",
      harm: "The client waits for ever.",
      nets: ["server/server"],
      find: "    if (exchange.status === undefined) Refusals.respondByDefault(this, exchange.shutDown ? 503 : 500)\n    else this.cut(exchange)",
      replace: "    if (exchange.status !== undefined) this.cut(exchange)"
    }
  ]),

  ...of("server answers", "internal/server/answer", [
    {
      name: "`Connection: close` of a streamed answer is ignored",
      harm: "A handler that closes a connection on purpose keeps it; behind a chunked answer the client's next request hangs or is served.",
      nets: ["server/framing"],
      find: "    exchange.responseBegins(response, head)\n    exchange.connection.write(head.head)\n    return undefined",
      replace: `    exchange.responseBegins(response, { ...head, close: undefined })
    exchange.connection.write(head.head)
    return undefined`
    },
    {
      name: "an answer that fails in its middle ends as if it were whole",
      harm: "The client takes a part of a body for all of it.",
      nets: ["server/outcome"],
      find: "if (exchange.status !== undefined) exchange.cut(cause)",
      replace: "if (exchange.status !== undefined) sending.end(response).pipe(Effect.runSync)"
    },
    {
      name: "trailers are sent to nobody",
      harm: "Checksums and gRPC statuses are lost.",
      nets: ["server/exchangeTrailers"],
      find: `  exchange.framing?._tag === "Chunked" ? exchange.trailers?.fields : undefined

class`,
      replace: `  exchange.framing?._tag === "Length" ? exchange.trailers?.fields : undefined

class`
    },
    {
      name: "a stream is pulled on after its client has gone",
      harm: "A handler that cannot be interrupted sends gigabytes to nobody.",
      nets: ["server/gone"],
      find: "return abortedWith === undefined ? undefined : Effect.fail(abortedWith)",
      replace:
        "return abortedWith === undefined || this.writer !== undefined ? undefined : Effect.fail(abortedWith)",
      survives:
        "The stream of an answer is interrupted as well, whatever its route asked for; the look is for a fiber that has not heard of its interruption yet."
    }
  ]),

  ...of("server ends and refusals", "connection/server/endings", [
    {
      name: "a body is not failed when its client leaves",
      harm: "A handler that reads the request waits for ever.",
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
      name: "a shutdown's end of a handler counts as the client's",
      harm: "Logs blame clients for what a shutdown did.",
      nets: ["server/outcome"],
      find: "  if (connection.exchange !== undefined) connection.exchange.shutDown = true\n",
      replace: ""
    },
    {
      name: "FIN ends a broken answer that has no length",
      harm: "An HTTP/1.0 client takes a part of a body for all of it.",
      nets: ["server/framing"],
      find: "exchange?.untilClose !== true || exchange.responseComplete",
      replace: "true"
    },
    {
      name: "a body stays open when its response broke off",
      harm: "Whoever reads it beside the handler waits for ever.",
      nets: ["server/waits"],
      find: "  dropBody(connection, exchange)\n  connection.exchangeOver",
      replace: "  connection.exchangeOver"
    },
    {
      name: "a connection is reset without reading its rest",
      harm: "The reset overtakes the answer: the client never sees 413 or 408.",
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
      name: "a refusal is written into the middle of an answer",
      harm: "The client reads 400 as a part of the body.",
      file: core("connection/server/refusals"),
      nets: ["server/framing"],
      find: "if (!begun && clientErrors === undefined) writeResponse",
      replace: "if (clientErrors === undefined) writeResponse"
    },
    {
      name: "what nobody wants is read without bound",
      harm: "A refused client keeps a connection busy with endless data.",
      file: core("connection/server/linger"),
      nets: ["server/limits"],
      find: "    if (this.discarded <= lingerBytes) return\n",
      replace: "    if (this.discarded >= 0) return\n"
    },
    {
      name: "a connection whose client neither reads nor closes lingers for ever",
      harm: "Refused clients keep their sockets.",
      file: core("connection/server/linger"),
      nets: ["ServerTimeouts"],
      find: "else if (forced || (this.patience > 0 && now - this.movedAt >= this.patience)) return transport.reset()",
      replace: "else if (forced) return transport.reset()"
    }
  ]),

  ...of("request bodies", "connection/transfer/body", [
    {
      name: "a body's limit is looked at only at its end",
      harm: "A server with a limit of a megabyte stores a gigabyte before it says no.",
      nets: ["server/limits"],
      find: "if (limit !== undefined && this.waiting > limit) {",
      replace: 'if (limit !== undefined && this.state !== "open" && this.waiting > limit) {'
    },
    {
      name: "a streamed body's limit is looked at only at its end",
      harm: "A handler is given all of a body that is too large.",
      nets: ["server/multipart"],
      file: core("internal/incomingBody"),
      find: "limit === undefined || this.received <= limit) return Exit.succeed(slices)",
      replace:
        "limit === undefined || this.received <= limit || !(this.ended || this.failure))\n      return Exit.succeed(slices)"
    },
    {
      name: "half a UTF-8 character of one body is in the next one's text",
      harm: "One client's bytes reach another's request.",
      file: core("internal/server/request"),
      nets: ["server/server"],
      find: "(bytes) => decoder.decode(bytes))",
      replace: "(bytes) => decoder.decode(bytes, { stream: true }))"
    },
    {
      name: "a reader of the whole that was interrupted counts on",
      harm: "A body that nobody reads is taken into memory without bound.",
      nets: ["server/bounds"],
      find: "      over = true\n      this.collecting--\n",
      replace: '        over = true\n        if (this.state !== "open") this.collecting--\n'
    },
    {
      name: "of several readers that wait, only the first is woken",
      harm: "A second middleware that reads the body waits for ever.",
      nets: ["client/body"],
      find: "for (const look of readers) if (!look()) this.readers.push(look)",
      replace:
        "for (const look of readers) {\n      if (!look()) this.readers.push(look)\n      else break\n    }"
    },
    {
      name: "a copy's memory is used again once its bytes were taken",
      harm: "Bytes that a handler holds change under it.",
      file: core("connection/transfer/slices"),
      nets: ["server/bounds"],
      find: "    this.room = undefined\n    this.filled = this.listed = 0",
      replace: "    this.filled = this.listed = 0"
    },
    {
      name: "requests that wait count by themselves, without the unread body before them",
      harm: "A connection keeps twice what it may.",
      file: core("connection/transfer/inflow"),
      nets: ["server/gone"],
      find: "else if (body !== undefined && this.queued + body.waiting > this.lookAhead) {",
      replace: "else if (body !== undefined && Math.max(this.queued, body.waiting) > this.lookAhead) {"
    }
  ]),

  ...of("server time", "connection/server/deadlines", [
    {
      name: "a limit ends a broken answer that has no length by FIN",
      harm: "An HTTP/1.0 client takes a part of a body for all of it.",
      nets: ["ServerTimeouts"],
      find: 'else breakOff(connection, exchange, "TimedOut")',
      replace: 'else breakOff(connection, undefined, "TimedOut")'
    },
    {
      name: "a client that a slow handler holds back is late",
      harm: "Uploads to a slow handler end with 408.",
      nets: ["ServerTimeouts"],
      find: "    !connection.inflow.held &&\n",
      replace: ""
    },
    {
      name: "a client that waits for 100 Continue is late",
      harm: "A handler that thinks before it reads gets a 408 for its client.",
      nets: ["ServerTimeouts"],
      find: "    !connection.inflow.held &&\n    !connection.awaitsContinue(exchange)",
      replace: "    !connection.inflow.held"
    },
    {
      name: "deadlines of one exchange are the server's",
      harm: "A long upload that was allowed ends with 408.",
      nets: ["ServerTimeouts"],
      find: "const policy = exchange?.deadlines ?? server.settings.timeouts",
      replace: "const policy = server.settings.timeouts"
    },
    {
      name: "the request's time goes on after its end",
      harm: "A slow handler ends with 408.",
      file: core("connection/server/waits"),
      nets: ["ServerTimeouts"],
      find: "    this.fresh = false\n    this.begun = -1",
      replace: "    this.fresh = false"
    },
    {
      name: "late connections are looked for once",
      harm: "A slow client that comes second is never late.",
      file: core("connection/server/sweep"),
      nets: ["ServerTimeouts"],
      find: "    if (this.connections.size > 0 && this.cancel === undefined) this.arm()\n",
      replace: ""
    },
    {
      name: "idle connections are ended once",
      harm: "All but the first idle connection stay for ever.",
      file: core("connection/server/idleList"),
      nets: ["ServerTimeouts"],
      find: "    if (this.first !== undefined && this.cancel === undefined) this.arm(this.first)\n",
      replace: ""
    },
    {
      name: "the last of the idle connections is not forgotten when it leaves",
      harm: "A connection that becomes idle next is put behind one that is busy, and never ends.",
      file: core("connection/server/idleList"),
      nets: ["ServerTimeouts"],
      find: "    if (idler.idleNext === undefined) this.last = idler.idlePrevious\n    else",
      replace: "    if (idler.idleNext !== undefined)"
    },
    {
      name: "FIN of a client that is held back is not looked for",
      harm: "A handler works on for a client that left long ago.",
      nets: ["server/gone"],
      find: "    if (hasRoom(connection, 0)) inflow.look()\n",
      replace: ""
    }
  ]),

  ...of("server limits and shutdown", "connection/server/life", [
    {
      name: "counts per address are not given back",
      harm: "An address that has had its number of connections is refused for ever.",
      file: core("connection/server/admission"),
      nets: ["server/limits"],
      find: "    if (address === undefined) return\n    const left",
      replace: "    if (address === undefined || this.serving > 0) return\n    const left"
    },
    {
      name: "with TLS, counts per address are not given back",
      harm: "The same behind a handshake.",
      file: core("connection/server/admission"),
      nets: ["server/tls"],
      find: "this.counted.set(secured, this.counted.get(plain))",
      replace: "this.counted.set(secured, undefined)"
    },
    {
      name: "a connection that was turned away is not given back",
      harm: "After 128 refusals every further one is reset without a word.",
      file: core("connection/server/admission"),
      nets: ["server/limits"],
      find: "      this.answering--\n",
      replace: ""
    },
    {
      name: "places of connections are not given back",
      harm: "A server with a limit takes no connection any more.",
      nets: ["server/limits"],
      find: "    this.admission.leave(connection.transport)\n",
      replace: ""
    },
    {
      name: "the deadline of a shutdown spares nobody",
      harm: "A handler that is to be waited for is cut.",
      nets: ["server/shutdown", "server/drain"],
      find: "if (!connection.waitsForHandler) connection.kill()",
      replace: "connection.kill()"
    },
    {
      name: "whoever waits for the drain is not told",
      harm: "Event streams keep a shutdown waiting until its deadline.",
      nets: ["server/drain"],
      find: "    for (const tell of [...this.untilDrain]) tell()\n",
      replace: ""
    },
    {
      name: "a server is empty while handlers run",
      harm: "A shutdown ends before its handlers have.",
      nets: ["server/drain"],
      find: "this.connections.size > 0 || this.exchanges.size > 0) return",
      replace: "this.connections.size > 0) return"
    }
  ]),

  ...of("server upgrades", "connection/server/upgrade", [
    {
      name: "what came behind the request is lost in the switch",
      harm: "The first bytes of the other protocol are missing.",
      nets: ["server/exchangeUpgrade"],
      find: "const initial = connection.inflow.takeAll()",
      replace: "const initial = connection.inflow.takeAll().subarray(0, 0)"
    },
    {
      name: "the end of an upgraded exchange is told when its connection closes",
      harm: "Logs lack WebSockets whose client is slow to close.",
      nets: ["server/upgraded"],
      find: "  connection.handedOver?.revoke()\n  upgradeOver(connection)\n",
      replace: "  connection.handedOver?.revoke()\n"
    },
    {
      name: "an upgraded connection reads on while its client takes nothing",
      harm: "An echo has a client fill the server's memory.",
      file: core("connection/transfer/handedOver"),
      nets: ["server/bounds"],
      find: "if (!more && this.holds) this.hold()",
      replace: "if (!more && this.holds && this.paused) this.hold()"
    }
  ])
]
