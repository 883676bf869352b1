// Bugs in server-sent events, in the PROXY protocol and rate limits of servers, and in features of clients
// (cookies, limits, fetch, progress).
const of = (area, file, net, bugs) =>
  bugs.map((bug) => ({
    area,
    file: `packages/core/src/${file}.ts`,
    nets: [`packages/core/test/${net}.test.ts`],
    ...bug
  }))

export const features = [
  ...of("server-sent events", "content/events/decode", "content/events/decode", [
    {
      name: "CR LF across chunks is two line ends",
      harm: "Events come apart, depending on how the network cuts them.",
      find: "if (byte === LF && this.afterCarriageReturn) {",
      replace: "if (byte === LF && this.afterCarriageReturn && i > 0) {"
    },
    {
      name: "an id counts before its event is complete",
      harm: "A client that reconnects skips an event that it never got.",
      find: "if (!value.includes(0)) this.id = decoder.decode(value)",
      replace: "if (!value.includes(0)) this.lastEventId = this.id = decoder.decode(value)",
      nets: ["packages/core/test/content/events/source.test.ts"]
    },
    {
      name: "the beginning of a line has no limit",
      harm: "A server fills a client's memory with a line that never ends.",
      find: `    const size = this.restSize + end - start
    const { maxLineSize } = this.limits
    if (size > maxLineSize)`,
      replace: `    const size = this.restSize + end - start
    const { maxLineSize } = this.limits
    if (size < 0)`
    }
  ]),
  ...of("server-sent events", "content/events/response", "content/events/response", [
    {
      name: "a heartbeat drops the event that is on its way",
      harm: "Clients miss events after each silence.",
      find: "if (exit === undefined) return Effect.succeed(Chunk.of(heartbeatBytes))",
      replace:
        "if (exit === undefined) return ((pending = undefined), Effect.succeed(Chunk.of(heartbeatBytes)))"
    },
    {
      name: "a drain does not end the response",
      harm: "A shutdown waits for its deadline and cuts every client.",
      find: "yield* Shutdown.endAtDrain(stream)",
      replace: "stream"
    }
  ]),
  ...of("server-sent events", "content/events/source", "content/events/source", [
    {
      name: "a response without an event starts the waits anew",
      harm: "Responses that end at once are asked for in a tight loop.",
      find: "if (into.length > 0) this.state = this.schedule.initial",
      replace: "this.state = this.schedule.initial"
    },
    {
      name: "a server may have no wait at all",
      harm: "A server makes its clients connect in a tight loop by `retry: 0`.",
      find: "Math.max(leastWait, least,",
      replace: "Math.max(least,"
    },
    {
      name: "a wrong content type is read as events",
      harm: "A login page is silence instead of an error.",
      find: 'if (status === 200 && eventStream.test(contentType ?? ""))',
      replace: "if (status === 200)"
    },
    {
      name: "a POST is repeated by default",
      harm: "A question to a model is asked, and paid for, again and again.",
      find: '(face.method === "GET" ? backoff : Schedule.stop)',
      replace: "backoff"
    },
    {
      name: "retry is heeded without a limit",
      harm: "A server keeps its clients away for years.",
      find: "Math.min(this.retry, Duration.toMillis(maxReconnectionTime))",
      replace: "this.retry"
    }
  ]),
  ...of("cookies", "content/cookies/jar", "content/cookies/cookieJar", [
    {
      name: "one own URL makes a chain of redirects the own site",
      harm: "Another site makes requests with the cookies that are to protect against that.",
      find: "before.every((each) => siteOf(each) === site)",
      replace: "before.slice(-1).every((each) => siteOf(each) === site)"
    },
    {
      name: "an expired cookie is sent",
      harm: "A session that the server has ended goes on.",
      find: "if (isExpired(cookie, now)) {",
      replace: "if (isExpired(cookie, 0)) {"
    }
  ]),
  ...of("cookies", "content/cookies/store", "content/cookies/cookieJar", [
    {
      name: "the oldest cookie goes first, secure or not",
      harm: "A plain response displaces the cookies of https.",
      find: "(isSecure(oldest) && !isSecure(cookie)) ||",
      replace: ""
    }
  ]),
  ...of("limits", "content/requestLimit", "content/rateLimit", [
    {
      name: "a request that is given up keeps its place",
      harm: "After some timeouts no request is sent any more.",
      find: "if (admitted) this.ended()",
      replace: "if (admitted) return"
    },
    {
      name: "a burst is allowed behind each interval",
      harm: "The server sees the double of what was agreed.",
      find: "this.begun[this.count % requests]! + interval)",
      replace: "Math.floor(this.begun[this.count % requests]! / interval + 1) * interval)"
    }
  ]),
  ...of("fetch", "content/fetch", "content/fetch", [
    {
      name: "omitted credentials are sent",
      harm: "A library that asks for no cookies is recognised.",
      find: 'credentials === "omit"',
      replace: 'credentials === "include"'
    }
  ]),
  ...of("progress", "content/progress", "content/progress", [
    {
      name: "a body that fails is done",
      harm: "A program takes a part for the whole.",
      find: "Stream.concat(passing, Stream.execute(tell(true)))",
      replace: "Stream.ensuring(passing, tell(true))"
    }
  ]),
  ...of("client", "content/redirects", "client/redirect", [
    {
      name: "a redirected request has no scope",
      harm: "Responses that nobody reads keep connections after the end of their scope.",
      find: "shareScope(request, next)",
      replace: ""
    }
  ]),
  ...of("PROXY protocol", "content/proxyProtocol/header", "content/proxyProtocol", [
    {
      name: "a header of version 1 has one byte more",
      harm: "Limits differ from those of the protocol.",
      find: "const longestLine = 107",
      replace: "const longestLine = 108"
    }
  ]),
  ...of("PROXY protocol", "seams/prefixedTransport", "content/proxyProtocol", [
    {
      name: "bytes behind the header are lost",
      harm: "The first request of a connection never gets a response.",
      find: "if (prefix !== undefined) this.handlers!.data(prefix)",
      replace: ""
    }
  ]),
  ...of("PROXY protocol", "content/proxyProtocol/accept", "content/proxyProtocol", [
    {
      name: "the time of a header is not limited exactly",
      harm: "Connections without a header stay open for longer than was agreed.",
      find: "timers.now() + timeout,",
      replace: "timers.now() + timeout + 1,"
    }
  ]),
  ...of("rate limits", "content/serverRateLimit", "content/serverRateLimit", [
    {
      name: "a refused request takes a token",
      harm: "A client that tries again too early never gets a response.",
      find: "isLimited ? full : full + this.refill",
      replace: "full + this.refill"
    }
  ])
]
