// Bugs in the client of the Effect API and in its pool.
const core = (name) => `packages/core/src/${name}.ts`
const net = (name) => `packages/core/test/${name}.test.ts`

const of = (area, file, bugs) =>
  bugs.map(({ nets, ...bug }) => ({ area, file: core(file), ...bug, nets: nets.map(net) }))

export const client = [
  ...of("client connection", "connection/client/connection", [
    {
      name: "`Connection: close` of a chunked response is ignored",
      harm: "The next request is written to a connection that its server is closing.",
      nets: ["client/pool"],
      file: core("connection/client/reception"),
      find: "keepAlive: head.keepAlive || (exchange",
      replace: "keepAlive: head.keepAlive || head.chunked || (exchange"
    },
    {
      name: "bytes after a response are ignored",
      harm: "They are parsed as the response to the next request.",
      nets: ["client/exchanges"],
      find: `    if (surplus) this.automaton.mustClose("SurplusBytes")\n`,
      replace: ""
    },
    {
      name: "bytes on an idle connection are ignored",
      harm: "A server that sends unsolicited responses is not noticed.",
      nets: ["client/pool"],
      find: `      if (this.state === "open") this.cut("SurplusBytes")\n`,
      replace: ""
    },
    {
      name: "the limit between pieces of a body is off after one pause",
      harm: "A server that stalls after the reader was slow once blocks the client forever.",
      nets: ["client/timeouts"],
      find: "    this.transport.resume()\n    this.exchange?.watch?.restart()\n",
      replace: "    this.transport.resume()\n"
    },
    {
      name: "the body limit does not restart with each piece",
      harm: "A long download times out although it makes progress.",
      nets: ["client/timeouts"],
      find: "      if (exchange.watch !== undefined && !this.paused) exchange.watch.restart()\n",
      replace: ""
    },
    {
      name: "the body limit continues while the reader is slow",
      harm: "A download times out because of its own reader.",
      nets: ["client/timeouts"],
      find: "    this.transport.pause()\n    this.exchange?.watch?.hold()\n",
      replace: "    this.transport.pause()\n"
    },
    {
      name: "a body that waits for 100 is sent after the final response",
      harm: "The server parses it as a request.",
      nets: ["client/exchanges"],
      file: core("connection/client/reception"),
      find: "    if (this.violation !== undefined) return Body.Stop\n    this.line.stopWaiting()\n",
      replace: "    if (this.violation !== undefined) return Body.Stop\n"
    },
    {
      name: "a connection that the server has closed stays in the idle list",
      harm: "The next request is written to a dead connection.",
      nets: ["client/pool"],
      find: `    if (exchange === undefined) return this.retire("PeerEof")\n`,
      replace: "    if (exchange === undefined) return\n"
    },
    {
      name: "a request that cannot be retried is written to a connection after its FIN",
      harm: "A POST fails that would have succeeded on a new connection.",
      nets: ["client/closedAfterAnswer"],
      file: core("connection/client/pool"),
      find: "if (exchange.resendable) return exchange.begin(connection)",
      replace: "if (exchange.resendable || exchange.upload === undefined) return exchange.begin(connection)"
    },
    {
      name: "a response without close_notify ends without an error",
      harm: "An attacker truncates a body, and it looks complete.",
      nets: ["client/tlsEnd"],
      find: `    if (reception.untilClose && isTruncated(transport)) return this.lose(exchange, "PeerEof", truncated)\n`,
      replace: ""
    },
    {
      name: "the client waits for the body of a response to HEAD",
      harm: "HEAD hangs, or its connection is never reused.",
      nets: ["client/exchanges"],
      file: core("connection/client/reception"),
      find: "    return body\n",
      replace: "    return Body.Read\n"
    }
  ]),

  ...of("client exchange", "connection/client/exchange", [
    {
      name: "`written` is wrong after a retry",
      harm: "The error hides that the server may have acted on the first connection's bytes.",
      nets: ["client/resend"],
      find: `    this.written = "none"\n    this.resent++`,
      replace: "    this.resent++"
    },
    {
      name: "a request is retried although its response had begun",
      harm: "The server acts twice.",
      nets: ["client/loss"],
      file: core("connection/client/connection"),
      find: "    exchange.received += chunk.length\n",
      replace: ""
    },
    {
      name: "a request is retried each time its connection dies",
      harm: "A server that closes at once gets endless retries.",
      nets: ["client/loss"],
      find: "    this.resent++\n",
      replace: ""
    },
    {
      name: "the end of the first connection is not reported if no second one can be made",
      harm: "The error says that nothing was sent, though the server may have acted.",
      nets: ["client/loss"],
      find: `if (loss._tag !== "Thrown" && this.lostWith !== undefined) return this.fail(this.lostWith)\n`,
      replace: ""
    },
    {
      name: "an upload continues after its response has ended",
      harm: "A stream of the caller is pulled in vain.",
      nets: ["client/request"],
      find: "    this.upload?.stop()\n    this.watch?.reportEnd(ended, this)",
      replace: "    this.watch?.reportEnd(ended, this)"
    },
    {
      name: "an early refusal does not stop the upload",
      harm: "A gigabyte goes to a server that has replied 413 and close.",
      nets: ["client/exchanges"],
      find: "&& unwanted(this.request.earlyAnswer, head)) upload.stop()",
      replace: "&& this.over) upload.stop()"
    },
    {
      name: "an interrupted request stays queued",
      harm: "A connection is assigned to a request that is gone.",
      nets: ["client/agentInterruption"],
      find: "    if (waiter !== undefined) this.pool.leave(waiter)\n    attempt",
      replace: "    attempt"
    },
    {
      name: "the attempt to connect for an interrupted request continues",
      harm: "Each interrupted request leaves an attempt to connect behind.",
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
      find: "    this.due = Math.min(this.stepDue, this.spanDue)\n",
      replace: "    this.due = limit === Infinity ? this.spanDue : this.stepDue\n"
    },
    {
      name: "an expired total limit is reported as the step's limit",
      harm: "The error names a limit that has not expired.",
      nets: ["client/timeouts"],
      find: `return this.stepDue <= this.spanDue ? this.step : this.span`,
      replace: `return this.stepDue < Infinity ? this.step : this.span`
    },
    {
      name: "a timer that has fired still counts as armed",
      harm: "After the first limit no other one expires.",
      nets: ["client/timeouts"],
      file: core("connection/client/alarm"),
      find: "    this.setFor = Infinity\n    this.cancel = undefined\n    const now",
      replace: "    this.cancel = undefined\n    const now"
    },
    {
      name: "an earlier deadline does not rearm the timer",
      harm: "A short limit waits for a long one.",
      nets: ["client/timeouts"],
      file: core("connection/client/alarm"),
      find: "if (deadline >= this.setFor || this.stopped) return",
      replace: "if (this.setFor !== Infinity || this.stopped) return"
    },
    {
      name: "queued requests never time out",
      harm: "The queue limit does not expire while all connections hang.",
      nets: ["client/timeouts"],
      file: core("connection/client/pool"),
      find: "      for (const { exchange } of bucket) if (isLate(exchange)) exchange.timeOut()\n",
      replace: "      for (const { exchange } of bucket) isLate(exchange)\n"
    },
    {
      name: "the unread timeout ignores a response that was read in part",
      harm: "A reader that stops midway keeps its connection forever.",
      nets: ["client/body"],
      file: core("internal/client/response"),
      find: "        if (slices !== undefined) this.exchange.readerIdle()\n",
      replace: ""
    }
  ]),

  ...of("client bodies", "internal/client/response", [
    {
      name: "half a UTF-8 character of one response leaks into the next one's text",
      harm: "Bytes of one response reach the text of another.",
      nets: ["client/body"],
      find: "const decode = (bytes: Uint8Array): string => decoder.decode(bytes)",
      replace: "const decode = (bytes: Uint8Array): string => decoder.decode(bytes, { stream: true })"
    },
    {
      name: "a stream abandoned by its reader keeps its connection",
      harm: "Each stream read in part leaks a connection.",
      nets: ["client/body"],
      find: `    else this.exchange.abandon("its reader left")\n  }`,
      replace: "  }"
    },
    {
      name: "an upload is pulled without regard to backpressure",
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
      harm: "A connection is closed early, or used after its server has closed it.",
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
      harm: "A request is written to a connection that its server has closed.",
      nets: ["client/deadIdle"],
      file: core("connection/client/stock"),
      find: "  now < connection.usableUntil && connection.transport.writable\n",
      replace: "  now < Infinity && connection.transport.writable\n"
    },
    {
      name: "a connection that is no longer writable is used",
      harm: "A request is written to a connection that has failed already.",
      nets: ["client/deadIdle"],
      file: core("connection/client/stock"),
      find: "  now < connection.usableUntil && connection.transport.writable\n",
      replace: "  now < connection.usableUntil\n"
    },
    {
      name: "a retry takes an idle connection",
      harm: "It fails on one dead connection after the other.",
      nets: ["client/resend"],
      find: "const connection = again ? undefined : this.takeIdle(bucket)",
      replace: "const connection = this.takeIdle(bucket)"
    },
    {
      name: "a retry waits at the end of its queue",
      harm: "It waits a second time.",
      nets: ["client/resend"],
      file: core("connection/client/queue"),
      find: "    else if (atHead) {\n",
      replace: "    else if (atHead && this.queued === 0) {\n"
    },
    {
      name: "the newest idle connection is closed to make room",
      harm: "Recently used connections close, unused ones stay.",
      nets: ["client/pool"],
      file: core("connection/client/stock"),
      find: "(oldest === undefined || first.idleSince < oldest.idleSince)",
      replace: "(oldest === undefined || first.idleSince > oldest.idleSince)"
    },
    {
      name: "idle connections that close stay counted",
      harm: "A full pool looks for idle connections that do not exist.",
      nets: ["client/pool"],
      file: core("connection/client/stock"),
      find: "    idle.splice(at, 1)\n    this.idle--\n",
      replace: "    idle.splice(at, 1)\n"
    },
    {
      name: "closed connections count against the total limit",
      harm: "After that many connections no further one is opened.",
      nets: ["client/agent"],
      file: core("connection/client/stock"),
      find: "    this.total--\n    this.forget(bucket)\n",
      replace: "    if (bucket.queued > 0) this.total--\n    this.forget(bucket)\n"
    },
    {
      name: "a released slot is not assigned to a queued request",
      harm: "Requests wait forever after a connection has failed.",
      nets: ["client/agent"],
      find: "    if (this.stock.vacate(bucket)) this.grant()\n",
      replace: "    this.stock.vacate(bucket)\n"
    },
    {
      name: "maxAge is ignored when a queued request takes a connection",
      harm: "Under load maxAge has no effect.",
      nets: ["client/agent"],
      find: `        if (!mayGoOn(connection.agesAt, now)) return connection.retire("MaxAge")\n`,
      replace: ""
    },
    {
      name: "a connection counts as new after a loan",
      harm: "Possible retries are not made, and errors say that the connection was new.",
      nets: ["client/lease"],
      file: core("connection/client/connection"),
      find: "return this.automaton.exchanges + this.loans",
      replace: "return this.automaton.exchanges"
    },
    {
      name: "a loan is returned to the pool although its connection has closed",
      harm: "The next request gets a dead connection.",
      nets: ["client/lease"],
      file: core("connection/client/connection"),
      find: `    if (!this.transport.writable) return this.retire(reusable ? "PeerEof" : "ResponseClose")\n`,
      replace: ""
    }
  ]),

  ...of("connecting", "internal/client/connecting/race", [
    {
      name: "a connection that loses the race of addresses is kept",
      harm: "Each race of addresses leaks a socket.",
      nets: ["client/race"],
      find: "      if (this.over) exit.value.reset()\n      else this.won(exit.value)",
      replace: "      if (!this.over) this.won(exit.value)",
      survives:
        "A losing attempt is interrupted and resets its own connection; no network in the tests opens a connection in the very step in which another one wins."
    },
    {
      name: "the next address waits for its delay although the previous one has failed",
      harm: "Each dead address costs 250 ms.",
      nets: ["client/race"],
      find: "if (this.started < this.addresses.length) this.next()\n    else if",
      replace: "if (this.started < this.addresses.length && this.running.size > 0) this.next()\n    else if"
    },
    {
      name: "credentials follow a redirect to another origin",
      harm: "A password reaches another server.",
      nets: ["client/redirect"],
      file: "packages/core/src/content/redirects.ts",
      find: "...(crossOrigin ? [...ofOrigin,",
      replace: "...(crossOrigin && to.hostname !== asked.url.hostname ? [...ofOrigin,"
    },
    {
      name: "proxies with other credentials share connections",
      harm: "A request goes through a tunnel opened with another user's credentials.",
      nets: ["client/throughProxy"],
      file: core("internal/client/connecting/proxy"),
      find: 'key: `${at.key} ${headers.join(" ")}${keyOf(proxy.tls)}`',
      replace: "key: `${at.key} ${keyOf(proxy.tls)}`"
    },
    {
      name: "bytes after the response to CONNECT are ignored",
      harm: "A proxy that injects bytes is not noticed.",
      nets: ["client/throughProxy"],
      file: core("wire/automaton/tunnel"),
      find: "if (rest.length === 0) return",
      replace: "if (rest.length >= 0) return"
    }
  ])
]
