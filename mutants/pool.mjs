// Bugs in the decisions of pool/, and in those decisions of wire/ that both APIs use.
const net = (name) => `packages/core/test/${name}.test.ts`
const of = (folder, bugs) =>
  bugs.map(({ file, nets, ...bug }) => ({
    area: folder,
    file: `packages/core/src/${folder}/${file}.ts`,
    ...bug,
    nets: nets.map(net)
  }))

export const pool = [
  ...of("pool", [
    {
      name: "the shortest wait goes first",
      harm: "A key that waits long waits forever.",
      file: "queue",
      nets: ["pool/pool"],
      find: "return one.since < other.since",
      replace: "return one.since > other.since"
    },
    {
      name: "a connection goes to the busiest key",
      harm: "A quiet origin is starved by a busy one.",
      file: "queue",
      nets: ["pool/pool"],
      find: "const open = own ? candidate.open - 1 : candidate.open",
      replace: "const open = candidate.open"
    },
    {
      name: "connections above the limit are kept",
      harm: "A limit that was lowered has no effect.",
      file: "keepAlive",
      nets: ["pool/pool"],
      find: "  if (ended.crowded) return overLimit\n",
      replace: ""
    },
    {
      name: "the server's hint applies although the idle timeout is shorter",
      harm: "Connections are idle for longer than allowed.",
      file: "keepAlive",
      nets: ["pool/pool"],
      find: "    if (hinted < until) {\n",
      replace: "    if (hinted > 0) {\n"
    },
    {
      name: "keys with passphrases are missing in a connection's name",
      harm: "Requests with another client certificate share a connection.",
      file: "name",
      nets: ["pool/name"],
      find: "if (losesContent(value)) policy +=",
      replace: 'if (losesContent(value) && field === "pfx") policy +='
    },
    {
      name: "the retry budget grows without bound",
      harm: "After a quiet hour an outage is met with all retries at once.",
      file: "retry",
      nets: ["pool/retry"],
      find: "tokens: Math.min(policy.burst, budget.tokens + brought + tokens)",
      replace: "tokens: budget.tokens + brought + tokens"
    },
    {
      name: "a request that the server may have acted on is retried",
      harm: "An order is placed twice.",
      file: "retry",
      nets: ["pool/retry", "client/retry"],
      find: "if (!failure.unsent && !failure.idempotent) return",
      replace: "if (!failure.unsent && !failure.idempotent && failure.retryAfter === undefined) return"
    }
  ]),
  ...of("wire", [
    {
      name: "the head limit applies to the whole request",
      harm: "An upload of more than a minute ends with 408.",
      file: "automaton/deadlines",
      nets: ["ServerTimeouts"],
      find: "headComplete || headersTimeout <= 0 ? Infinity",
      replace: "headersTimeout <= 0 ? Infinity"
    },
    {
      name: "each byte counts as progress",
      harm: "A client that sends a byte a minute keeps its connection.",
      file: "automaton/deadlines",
      nets: ["ServerTimeouts"],
      find: "moved - last.moved >= policy.progressBytes",
      replace: "moved > last.moved"
    }
  ])
]
