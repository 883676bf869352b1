// Bugs in the callback API.
const source = (name) => `packages/node/src/http/${name}.ts`
const net = (name) => `packages/node/test/${name}.test.ts`

const of = (area, file, bugs) =>
  bugs.map(({ nets, ...bug }) => ({ area, file: source(file), ...bug, nets: nets.map(net) }))

export const callback = [
  ...of("callback agent", "client/agent", [
    {
      name: "an upgraded socket is subtracted twice from the count",
      harm: "totalSocketCount falls below zero, which breaks maxTotalSockets.",
      nets: ["http/reuse"],
      find: `    onClose()\n    socket.removeListener("close", onClose)\n`,
      replace: "    onClose()\n"
    },
    {
      name: "an upgraded socket stays counted until it closes",
      harm: "WebSockets use up maxSockets.",
      nets: ["surface/agent"],
      find: `  socket.on("agentRemove", onRemove)\n`,
      replace: ""
    },
    {
      name: "each reuse adds an error listener",
      harm: "MaxListenersExceededWarning after ten requests.",
      nets: ["surface/clientSocket"],
      find: `    socket.removeListener("error", onIdleError)\n`,
      replace: ""
    },
    {
      name: "the keep-alive hint of one socket is applied to another",
      harm: "A socket is closed early, or used after its server has closed it.",
      nets: ["http/reuse"],
      find: `    const hint = res?.headers["keep-alive"] as string | undefined\n`,
      replace: `    const own = res?.headers["keep-alive"] as string | undefined
    const hint = own ?? (this as unknown as { lastHint?: string }).lastHint
    ;(this as unknown as { lastHint?: string | undefined }).lastHint = hint\n`
    },
    {
      name: "queued requests are forgotten when a socket fails",
      harm: "They wait forever.",
      nets: ["surface/agent"],
      find: '    } else {\n      created!.emit("free")\n    }',
      replace: "    }"
    },
    {
      name: "an idle socket stays in the agent after its timeout",
      harm: "A request is written to a socket that its server has closed.",
      nets: ["surface/agent"],
      find: "        socket.destroy()\n        return\n      }\n    }\n  }",
      replace: "        return\n      }\n    }\n  }"
    },
    {
      name: "an empty queue is not removed",
      harm: "agent.requests lists origins without queued requests.",
      nets: ["surface/agent"],
      find: "    if (queue.length === 0) delete this.requests[name]\n",
      replace: ""
    },
    {
      name: "idle sockets do not count against maxSockets",
      harm: "An agent opens more sockets than it may.",
      nets: ["surface/agent"],
      find: "isAdmitted(this, (idle?.length ?? 0) + inUse.length)",
      replace: "isAdmitted(this, inUse.length)",
      survives:
        "Idle sockets are reused before they could count, and unusable ones leave the list first. The sum is Node's, and matters only to subclasses that keep other lists."
    },
    {
      name: "a borrowed socket that was upgraded is closed",
      harm: "A WebSocket over an agent of the Effect API closes at once.",
      file: "packages/node/src/bridge/pooled.ts",
      nets: ["bridge/toCallbackAgents"],
      find: `socket.once("agentRemove", () => end(lease.keep))`,
      replace: `socket.once("agentRemove", () => end(lease.close))`
    },
    {
      name: "the keep-alive hint on a borrowed connection is lost",
      harm: "The pool keeps a connection for longer than its server does.",
      file: "packages/node/src/bridge/pooled.ts",
      nets: ["bridge/toCallbackAgents"],
      find: `lease.release(typeof hint === "string" ? hint : undefined)`,
      replace: "lease.release(undefined)"
    },
    {
      name: "borrowed sockets stay in the agent's count",
      harm: "totalSocketCount grows with each request.",
      file: "packages/node/src/bridge/pooled.ts",
      nets: ["bridge/toCallbackAgents"],
      find: `      drop(self.sockets, name, socket)
      self.totalSocketCount--`,
      replace: "      drop(self.sockets, name, socket)"
    }
  ]),

  ...of("callback client", "client/connection", [
    {
      name: "each response adds a timeout listener",
      harm: "MaxListenersExceededWarning after ten requests on one socket.",
      nets: ["surface/clientSocket"],
      find: `    if (req.timeoutCb) socket.removeListener("timeout", emitTimeout)
    socket.removeListener("timeout", onTimeout)
  }
  req._ended = true`,
      replace: `    if (req.timeoutCb) socket.removeListener("timeout", emitTimeout)
  }
  req._ended = true`
    },
    {
      name: "each request leaves a drain listener",
      harm: "MaxListenersExceededWarning after ten uploads on one socket.",
      nets: ["surface/clientSocket"],
      find: `    if (req.finished) this.removeListener("drain", onDrain)\n`,
      replace: "",
      also: {
        file: source("client/connection"),
        find: `  socket.removeListener("error", onError)
  socket.removeListener("drain", onDrain)
  stopReading(socket)
  req.destroyed = true`,
        replace: `  socket.removeListener("error", onError)
  stopReading(socket)
  req.destroyed = true`
      }
    },
    {
      name: "`Connection: close` of a chunked response is ignored",
      harm: "The next request is written to a socket that its server is closing.",
      nets: ["http/reuse"],
      find: "if (req.shouldKeepAlive && !keepAlive && !req.upgradeOrConnect) req.shouldKeepAlive = false",
      replace: `if (req.shouldKeepAlive && !keepAlive && !req.upgradeOrConnect)
    req.shouldKeepAlive = res.headers["transfer-encoding"] === "chunked"`
    },
    {
      name: "a socket is released before its request was written",
      harm: "The next request is written into the body of the previous one.",
      nets: ["http/flow"],
      find: "afterResponse(req, req.writableFinished)",
      replace: "afterResponse(req, true)"
    },
    {
      name: "a response that is cut ends as if it were complete",
      harm: "A truncated body looks complete.",
      nets: ["surface/messages"],
      find: `    if (!res.complete) res.destroy(resetError("aborted"))\n`,
      replace: ""
    },
    {
      name: "an upload is not told that its socket has drained",
      harm: "An app that waits for `drain` waits forever.",
      nets: ["http/flow"],
      find: `    req[needDrain] = false
    req.emit("drain")
  }
}

function onError`,
      replace: `    req[needDrain] = false
  }
}

function onError`
    },
    {
      name: "a timeout is reported again on a socket that serves the next request",
      harm: "A request gets the timeout event of another one.",
      nets: ["surface/clientSocket"],
      find: "    socket.setTimeout(0, req.timeoutCb)\n    req.timeoutCb = null\n",
      replace: "    req.timeoutCb = null\n"
    },
    {
      name: "a response that has ended keeps its socket",
      harm: "Destroying a response that has ended aborts the next request.",
      nets: ["http/exchange"],
      find: "  if (req.res) req.res.socket = null\n",
      replace: ""
    },
    {
      name: "informational responses other than 100 count as the response",
      harm: "A request gets 103 as its response, and the real one is lost.",
      nets: ["http/exchange"],
      find: "  if (isInformational(status)) {",
      replace: "  if (status === 100) {"
    },
    {
      name: "a request aborted before it got a socket keeps the socket",
      harm: "Each abort leaks a socket of the agent.",
      file: source("client/request"),
      nets: ["surface/agent", "http/exchange", "surface/request", "http/corners"],
      find: `    socket.emit("free")\n    giveUp(req, cause)`,
      replace: "    giveUp(req, cause)"
    }
  ]),

  ...of("callback server", "server/connection", [
    {
      name: "responses go out in the order in which they are ready",
      harm: "Pipelined requests get each other's responses.",
      nets: ["http/exchange"],
      find: "    if (socket._httpMessage) this.outgoing.push(res)\n    else res.assignSocket(socket)\n",
      replace: "    if (socket._httpMessage) this.outgoing.unshift(res)\n    else res.assignSocket(socket)\n"
    },
    {
      name: "reading continues from a client that reads no responses",
      harm: "Pipelined requests are buffered without bound.",
      nets: ["http/flow"],
      find: "socket.writableNeedDrain || this.pendingSize >= socket.writableHighWaterMark",
      replace: "socket.writableNeedDrain && this.pendingSize >= socket.writableHighWaterMark"
    },
    {
      name: "reading from a client does not resume after backpressure",
      harm: "Its connection hangs although its responses were sent.",
      nets: ["http/flow"],
      find: "      socket._paused = false\n      socket.resume()\n",
      replace: "      socket._paused = false\n"
    },
    {
      name: "a response is not told that its socket has drained",
      harm: "A stream piped into a response stops forever.",
      nets: ["surface/messages"],
      find: `      message[needDrain] = false\n      message.emit("drain")\n`,
      replace: "      message[needDrain] = false\n"
    },
    {
      name: "requests of a connection that closes are not aborted",
      harm: "A handler that reads a body waits forever.",
      nets: ["surface/messages"],
      find: `incoming.shift()!.destroy(resetError("aborted"))`,
      replace: "incoming.shift()!.push(null)"
    },
    {
      name: "the idle timeout continues during the next request",
      harm: "A handler that takes longer than keepAliveTimeout loses its connection.",
      nets: ["http/exchange"],
      find: "    if (!this.idleTimeoutSet) return\n    this.idleTimeoutSet = false\n",
      replace: "    if (this.idleTimeoutSet || !this.idleTimeoutSet) return\n"
    },
    {
      name: "the request after the last one is served",
      harm: "maxRequestsPerSocket is off by one.",
      nets: ["surface/server"],
      find: 'if (quota === "exceeded") {',
      replace: 'if (quota === "exceeded" && max + 1 < this.requests) {'
    },
    {
      name: "the last response does not announce the close",
      harm: "A client sends one more request, which is dropped.",
      nets: ["surface/server"],
      find: 'res.maxRequestsOnConnectionReached = quota !== "open"',
      replace: 'res.maxRequestsOnConnectionReached = quota === "exceeded"'
    },
    {
      name: "an unknown expectation is accepted",
      harm: "The client gets no 417.",
      nets: ["surface/server"],
      find: "      res.writeHead(expectationFailed)\n      res.end()\n    }\n    return true",
      replace: "      return false\n    }\n    return true"
    },
    {
      name: "an unread body stops its connection",
      harm: "The second request of a connection gets no response.",
      nets: ["http/exchange"],
      find: "    if (!req._consuming && !isResuming(req)) discardUnread(req)\n",
      replace: ""
    },
    {
      name: "an upgraded connection still belongs to the server",
      harm: "closeAllConnections destroys WebSockets.",
      nets: ["http/flow"],
      find: `    socket[connectionOf] = undefined
    server[connections].delete(this)
`,
      replace: "    socket[connectionOf] = undefined\n"
    },
    {
      name: "a late connection is reported at each check",
      harm: "A clientError listener is called repeatedly.",
      file: source("server/server"),
      nets: ["bridge/lateConnections"],
      find: "    parser.begun = now\n",
      replace: ""
    },
    {
      name: "a busy connection counts as idle",
      harm: "closeIdleConnections aborts a response.",
      file: source("server/server"),
      nets: ["surface/server"],
      find: "if (isIdle && !(socket._httpMessage && !socket._httpMessage.finished)) socket.destroy()",
      replace: "if (isIdle) socket.destroy()"
    },
    {
      name: "a request body that was never sent does not close its connection",
      harm: "The next bytes may be the body or a request, which cannot be told apart.",
      file: source("server/response"),
      nets: ["http/flow"],
      find: "isRestRead(this._expect_continue && !this._sent100, Infinity, Infinity)",
      replace: "isRestRead(false, Infinity, Infinity)"
    }
  ]),

  ...of("callback messages", "message/parser", [
    {
      name: "a parser is reused in the middle of a message",
      harm: "A connection's first bytes are parsed as the rest of another connection's message.",
      nets: ["surface/server"],
      find: `if (sameKind && this.wire!.phase === "idle" && !this.wire!.paused) return`,
      replace: "if (sameKind && !this.wire!.paused) return"
    },
    {
      name: "a slow reader puts no backpressure on its connection",
      harm: "A whole body is buffered.",
      nets: ["http/flow"],
      find: "if (!message.push(slice)) this.socket?.pause()",
      replace: "message.push(slice)"
    },
    {
      name: "a body may be longer than its Content-Length",
      harm: "The rest of it is parsed as the next message.",
      file: source("message/body"),
      nets: ["http/flow"],
      find: "    count(message, total, last)\n",
      replace: "    if (last) count(message, total, last)\n"
    },
    {
      name: "bytes queued for a socket stay counted after they were sent",
      harm: "A connection with queued responses is paused forever.",
      file: source("message/body"),
      nets: ["http/flow"],
      find: "  this._onPendingData(-this.outputSize)\n",
      replace: ""
    }
  ])
]
