// Bugs in the Effect driver's client and its pool.
const core = (name) => `packages/core/src/${name}.ts`
const net = (name) => `packages/core/test/${name}.test.ts`

const of = (area, file, bugs) =>
  bugs.map(({ nets, ...bug }) => ({ area, file: core(file), ...bug, nets: nets.map(net) }))

export const client = [
  ...of("client connection", "connection/client/connection", [
    {
      name: "`Connection: close` of a chunked response is ignored",
      harm: "The next request is written to a connection that its server has given up.",
      nets: ["client/pool"],
      file: core("connection/client/reception"),
      find: "keepAlive: head.keepAlive || (exchange",
      replace: "keepAlive: head.keepAlive || head.chunked || (exchange"
    },
    {
      name: "bytes behind a response are ignored",
      harm: "They are taken for the answer to the next request.",
      nets: ["client/exchanges"],
      find: `    if (surplus) this.automaton.mustClose("SurplusBytes")\n`,
      replace: ""
    },
    {
      name: "bytes on an idle connection are ignored",
      harm: "A server that answers unasked is not noticed.",
      nets: ["client/pool"],
      find: `      if (this.state === "open") this.cut("SurplusBytes")\n`,
      replace: ""
    },
    {
      name: "the body's silence limit is dead after one pause",
      harm: "A server that falls silent after the reader has once been slow holds the client for ever.",
      nets: ["client/timeouts"],
      find: "    this.transport.resume()\n    this.exchange?.watch?.restart()\n",
      replace: "    this.transport.resume()\n"
    },
    {
      name: "the body's limit does not begin anew with its bytes",
      harm: "A long download times out although it moves.",
      nets: ["client/timeouts"],
      find: "      if (exchange.watch !== undefined && !this.paused) exchange.watch.restart()\n",
      replace: ""
    },
    {
      name: "the body's limit goes on while the reader is slow",
      harm: "A download times out because of its own reader.",
      nets: ["client/timeouts"],
      find: "    this.transport.pause()\n    this.exchange?.watch?.hold()\n",
      replace: "    this.transport.pause()\n"
    },
    {
      name: "a body that waits for 100 goes out after the final response",
      harm: "The server reads it as a request.",
      nets: ["client/exchanges"],
      file: core("connection/client/reception"),
      find: "    if (this.violation !== undefined) return Body.Stop\n    this.line.stopWaiting()\n",
      replace: "    if (this.violation !== undefined) return Body.Stop\n"
    },
    {
      name: "a connection that the server has closed is idle still",
      harm: "The next request meets a connection that is dead.",
      nets: ["client/pool"],
      find: `    if (exchange === undefined) return this.retire("PeerEof")\n`,
      replace: "    if (exchange === undefined) return\n"
    },
    {
      name: "what cannot be sent twice goes to a connection whose FIN has come",
      harm: "A POST fails that a fresh connection would have served.",
      nets: ["client/closedAfterAnswer"],
      file: core("connection/client/pool"),
      find: "if (exchange.resendable) return exchange.begin(connection)",
      replace: "if (exchange.resendable || exchange.upload === undefined) return exchange.begin(connection)"
    },
    {
      name: "without close_notify a response ends well",
      harm: "Whoever is between cuts a body, and the client takes it for whole.",
      nets: ["client/tlsEnd"],
      find: `    if (reception.untilClose && isTruncated(transport)) return this.lose(exchange, "PeerEof", truncated)\n`,
      replace: ""
    },
    {
      name: "the body of a response to HEAD is waited for",
      harm: "HEAD hangs, or its connection is never used again.",
      nets: ["client/exchanges"],
      file: core("connection/client/reception"),
      find: "    return body\n",
      replace: "    return Body.Read\n"
    }
  ]),

  ...of("client exchange", "connection/client/exchange", [
    {
      name: "`written` is wrong after a resend",
      harm: "The loss of the first connection, which may have been acted on, is hidden behind a limit of the second.",
      nets: ["client/resend"],
      find: `    this.written = "none"\n    this.resent++`,
      replace: "    this.resent++"
    },
    {
      name: "a request is sent again although its answer had begun",
      harm: "The server does the same twice.",
      nets: ["client/loss"],
      file: core("connection/client/connection"),
      find: "    exchange.received += chunk.length\n",
      replace: ""
    },
    {
      name: "a request is sent again as often as its connection dies",
      harm: "A server that closes at once is asked for ever.",
      nets: ["client/loss"],
      find: "    this.resent++\n",
      replace: ""
    },
    {
      name: "how the first connection ended is not told when no second can be made",
      harm: "The error says that nothing was sent, though the server may have acted.",
      nets: ["client/loss"],
      find: `if (loss._tag !== "Thrown" && this.lostWith !== undefined) return this.fail(this.lostWith)\n`,
      replace: ""
    },
    {
      name: "an upload goes on after its response has ended",
      harm: "A stream of the caller's is pulled for nobody.",
      nets: ["client/request"],
      find: '    this.upload?.stop()\n    this.watch?.tell({ _tag: "End" })',
      replace: '    this.watch?.tell({ _tag: "End" })'
    },
    {
      name: "an early refusal does not stop the upload",
      harm: "A gigabyte goes to a server that has said 413 and close.",
      nets: ["client/exchanges"],
      find: "&& unwanted(this.request.earlyAnswer, head)) upload.stop()",
      replace: "&& this.over) upload.stop()"
    },
    {
      name: "an interrupted request stays in its queue",
      harm: "A connection is given to nobody.",
      nets: ["client/agentInterruption"],
      find: "    if (waiter !== undefined) this.pool.leave(waiter)\n    attempt",
      replace: "    attempt"
    },
    {
      name: "the connection that is made for an interrupted request is made on",
      harm: "Each request that is given up leaves a connection attempt behind.",
      nets: ["client/agentInterruption"],
      find: "    attempt?.cancel()\n    connection?.cut(reason)",
      replace: "    connection?.cut(reason)"
    }
  ]),

  ...of("client time", "connection/client/watch", [
    {
      name: "`total` is forgotten while a step's own limit runs",
      harm: "A request whose steps each make some progress never ends.",
      nets: ["client/timeouts"],
      find: "    this.due = Math.min(this.stepDue, this.totalDue)\n",
      replace: "    this.due = limit === Infinity ? this.totalDue : this.stepDue\n"
    },
    {
      name: "a total that has passed is told as the step's limit",
      harm: "The error names a limit that has not passed.",
      nets: ["client/timeouts"],
      find: `return this.stepDue <= this.totalDue ? this.step : "total"`,
      replace: `return this.stepDue < Infinity ? this.step : "total"`
    },
    {
      name: "an alarm that has gone off is set for ever",
      harm: "After the first limit no other passes.",
      nets: ["client/timeouts"],
      file: core("connection/client/alarm"),
      find: "    this.setFor = Infinity\n    this.cancel = undefined\n    const now",
      replace: "    this.cancel = undefined\n    const now"
    },
    {
      name: "an earlier deadline does not move the alarm",
      harm: "A short limit waits for a long one.",
      nets: ["client/timeouts"],
      file: core("connection/client/alarm"),
      find: "if (deadline >= this.setFor || this.stopped) return",
      replace: "if (this.setFor !== Infinity || this.stopped) return"
    },
    {
      name: "requests in a queue are never late",
      harm: "A queue's limit does not pass while all connections hang.",
      nets: ["client/timeouts"],
      file: core("connection/client/pool"),
      find: "      for (const { exchange } of bucket) if (look(exchange)) exchange.timeOut()\n",
      replace: "      for (const { exchange } of bucket) look(exchange)\n"
    },
    {
      name: "a response that was read in part is never unread",
      harm: "A reader that stops in the middle keeps its connection for ever.",
      nets: ["client/body"],
      file: core("internal/client/response"),
      find: "        if (slices !== undefined) this.exchange.readerIdle()\n",
      replace: ""
    }
  ]),

  ...of("client bodies", "internal/client/response", [
    {
      name: "half a UTF-8 character of one response is in the next one's text",
      harm: "One response's bytes reach another's text.",
      nets: ["client/body"],
      find: "const decode = (bytes: Uint8Array): string => decoder.decode(bytes)",
      replace: "const decode = (bytes: Uint8Array): string => decoder.decode(bytes, { stream: true })"
    },
    {
      name: "a reader that leaves a stream keeps its connection",
      harm: "Each stream that is read in part costs a connection.",
      nets: ["client/body"],
      find: `    else this.exchange.abandon("its reader left")\n  }`,
      replace: "  }"
    },
    {
      name: "an upload is pulled without regard to its connection",
      harm: "A stream of a gigabyte is buffered whole.",
      nets: ["client/body"],
      file: core("internal/pump"),
      find: "const full = !this.flowing && (transport.buffered > 0 || !transport.writable)",
      replace: "const full = !this.flowing && !transport.writable"
    }
  ]),

  ...of("client pool", "connection/client/pool", [
    {
      name: "the keep-alive hint of one connection is applied to another",
      harm: "A connection is given up early, or used after its server has closed it.",
      nets: ["client/agent"],
      find: "        hint: keepAlive === undefined ? undefined : keepAliveHint(keepAlive),\n",
      replace: "        hint: keepAliveHint((this.lastHint = keepAlive ?? this.lastHint)),\n",
      also: {
        file: core("connection/client/pool"),
        find: "  private closed = false\n",
        replace: "  private closed = false\n  private lastHint: string | undefined = undefined\n"
      }
    },
    {
      name: "an expired idle connection is used because its timer was late",
      harm: "A request meets a connection that its server has closed.",
      nets: ["client/deadIdle"],
      file: core("connection/client/stock"),
      find: "  now < connection.usableUntil && connection.transport.writable\n",
      replace: "  now < Infinity && connection.transport.writable\n"
    },
    {
      name: "a connection that cannot be written any more is used",
      harm: "A request meets a connection that has failed already.",
      nets: ["client/deadIdle"],
      file: core("connection/client/stock"),
      find: "  now < connection.usableUntil && connection.transport.writable\n",
      replace: "  now < connection.usableUntil\n"
    },
    {
      name: "a request that is sent again takes an idle connection",
      harm: "It meets one dead connection after the other.",
      nets: ["client/resend"],
      find: "const connection = again ? undefined : this.takeIdle(bucket)",
      replace: "const connection = this.takeIdle(bucket)"
    },
    {
      name: "a request that is sent again waits at the end of its queue",
      harm: "It has had its turn, and waits once more.",
      nets: ["client/resend"],
      file: core("connection/client/queue"),
      find: "    else if (atHead) {\n",
      replace: "    else if (atHead && this.queued === 0) {\n"
    },
    {
      name: "the newest idle connection makes room",
      harm: "Connections that are in use go, those that are not stay.",
      nets: ["client/pool"],
      file: core("connection/client/stock"),
      find: "(oldest === undefined || first.idleSince < oldest.idleSince)",
      replace: "(oldest === undefined || first.idleSince > oldest.idleSince)"
    },
    {
      name: "idle connections that close stay counted",
      harm: "A pool that is full looks for idle connections that are none.",
      nets: ["client/pool"],
      file: core("connection/client/stock"),
      find: "    idle.splice(at, 1)\n    this.idle--\n",
      replace: "    idle.splice(at, 1)\n"
    },
    {
      name: "closed connections count against the limit of all",
      harm: "After so many connections no further one is made.",
      nets: ["client/agent"],
      file: core("connection/client/stock"),
      find: "    this.total--\n    this.forget(bucket)\n",
      replace: "    if (bucket.queued > 0) this.total--\n    this.forget(bucket)\n"
    },
    {
      name: "a place that becomes free is given to nobody",
      harm: "Requests wait for ever after a connection has failed.",
      nets: ["client/agent"],
      find: "    if (this.stock.vacate(bucket)) this.grant()\n",
      replace: "    this.stock.vacate(bucket)\n"
    },
    {
      name: "a connection is never too old for a request that waits",
      harm: "Under load maxAge means nothing.",
      nets: ["client/agent"],
      find: `        if (!mayGoOn(connection.agesAt, now)) return connection.retire("MaxAge")\n`,
      replace: ""
    },
    {
      name: "a connection that was lent counts as a fresh one",
      harm: "What can be sent again is not, and errors say that the connection was new.",
      nets: ["client/lease"],
      file: core("connection/client/connection"),
      find: "return this.automaton.exchanges + this.loans",
      replace: "return this.automaton.exchanges"
    },
    {
      name: "a loan is given back although its connection is closed",
      harm: "The next request gets a dead connection.",
      nets: ["client/lease"],
      file: core("connection/client/connection"),
      find: `    if (!this.transport.writable) return this.retire(reusable ? "PeerEof" : "ResponseClose")\n`,
      replace: ""
    }
  ]),

  ...of("connecting", "internal/client/connecting/race", [
    {
      name: "a connection that comes second is kept",
      harm: "Each race of addresses leaks a socket.",
      nets: ["client/race"],
      find: "      if (this.over) exit.value.reset()\n      else this.won(exit.value)",
      replace: "      if (!this.over) this.won(exit.value)",
      survives:
        "An attempt that has lost is interrupted, and resets what it has made itself; no network in the tests makes a connection in the very step in which another one wins."
    },
    {
      name: "the next address waits for its time although the one before has failed",
      harm: "Each dead address costs 250 ms.",
      nets: ["client/race"],
      find: "if (this.started < this.addresses.length) this.next()\n    else if",
      replace: "if (this.started < this.addresses.length && this.running.size > 0) this.next()\n    else if"
    },
    {
      name: "credentials follow a redirect to another origin",
      harm: "A password reaches a foreign server.",
      nets: ["client/redirect"],
      file: "packages/core/src/content/redirects.ts",
      find: "...(crossOrigin ? [...ofOrigin,",
      replace: "...(crossOrigin && to.hostname !== asked.url.hostname ? [...ofOrigin,"
    },
    {
      name: "proxies with other credentials share connections",
      harm: "A request goes through a tunnel that another user has paid for.",
      nets: ["client/throughProxy"],
      file: core("internal/client/connecting/proxy"),
      find: 'key: `${at.key} ${headers.join(" ")}${keyOf(proxy.tls)}`',
      replace: "key: `${at.key} ${keyOf(proxy.tls)}`"
    },
    {
      name: "what comes behind the answer to CONNECT is ignored",
      harm: "A proxy that answers for the origin is not noticed.",
      nets: ["client/throughProxy"],
      file: core("wire/automaton/tunnel"),
      find: "if (rest.length === 0) return",
      replace: "if (rest.length >= 0) return"
    }
  ])
]
