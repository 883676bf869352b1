/**
 * The rules of a connection, as tables. `automaton.ts` walks them; `docs/automaton.md` is drawn from them.
 *
 * ## Theory of operation
 *
 * A connection has two halves: the client sends requests on one, the server responses on the other. The
 * tables do not know which of the two we are: what we may send and what the peer may send are the same rules,
 * so a client and a server that look at the same exchange always agree.
 *
 * A step has two parts. First the signal (`steps`): a half goes from one state to the next; a signal that its
 * state does not list is refused, and nothing changes. Then the joint rules (`rules`): what the halves
 * together entail, and what was learnt about the connection (`Fact`), is applied until nothing moves.
 *
 * Requests may run ahead of their responses (pipelining, RFC 9112 §9.3.2): the request half is that of the
 * newest exchange, the response half that of the oldest one that is not answered. Between the two is only a
 * count, so a half comes back to `idle` or `head` and the n-th exchange is like the first.
 *
 * `done` means: this half is complete, and it is not (yet) allowed to begin again. A connection of which both
 * halves came to `done` is closed, for the reason that was noted first.
 *
 * @since 0.1.0
 */

/**
 * - `idle`: no request under way, the next may begin
 * - `body`: the head was sent, the request is not complete
 * - `done`: the request is complete, and no other may follow (a close was announced), or not before this one
 *   was answered (CONNECT, upgrade)
 * - `switched`: the bytes are another protocol's
 * - `closed`: the direction ended
 *
 * @since 0.1.0
 * @category models
 */
export type RequestState = "idle" | "body" | "done" | "switched" | "closed"

/**
 * - `idle`: no request waits for an answer
 * - `head`: a response head is due
 * - `body`: the head was sent, the response is not complete
 * - `untilClose`: as `body`, and the end of the direction completes it
 * - `done`: the response is complete, and none may follow
 * - `switched`: the bytes are another protocol's
 * - `closed`: the direction ended
 *
 * @since 0.1.0
 * @category models
 */
export type ResponseState = "idle" | "head" | "body" | "untilClose" | "done" | "switched" | "closed"

/**
 * - `head`: a request head
 * - `refused`: what came is no request, and is answered nevertheless (400, 408, 431)
 * - `complete`: the end of the request
 * - `eof`: the end of the direction
 *
 * @since 0.1.0
 * @category models
 */
export type RequestSignal = (typeof requestSignals)[number]
export const requestSignals = ["head", "refused", "complete", "eof"] as const

/**
 * - `informational`: a 1xx but 101
 * - `head`: a final response head whose body marks its own end
 * - `headUntilClose`: one whose body ends with the connection
 * - `switch`: 101 for an upgrade that was asked for, 2xx for CONNECT
 * - `complete`: the end of the response
 * - `eof`: the end of the direction
 *
 * @since 0.1.0
 * @category models
 */
export type ResponseSignal = (typeof responseSignals)[number]
export const responseSignals = [
  "informational",
  "head",
  "headUntilClose",
  "switch",
  "complete",
  "eof"
] as const

/** What a signal does to its half. No entry: refused. */
export const steps = {
  request: {
    idle: { head: "body", refused: "done", eof: "closed" },
    body: { refused: "done", complete: "done", eof: "closed" },
    done: { eof: "closed" },
    // The client may have ended its direction before it learnt of the switch.
    switched: { eof: "closed" },
    closed: { eof: "closed" }
  },
  response: {
    idle: { eof: "closed" },
    head: {
      informational: "head",
      head: "body",
      headUntilClose: "untilClose",
      switch: "switched",
      eof: "closed"
    },
    body: { complete: "done", eof: "closed" },
    untilClose: { complete: "done", eof: "closed" },
    done: { eof: "closed" },
    switched: {},
    closed: { eof: "closed" }
  }
} as const satisfies {
  readonly request: Record<RequestState, { readonly [S in RequestSignal]?: RequestState }>
  readonly response: Record<ResponseState, { readonly [S in ResponseSignal]?: ResponseState }>
}

/**
 * What is known about the connection besides the states of its halves; bits, so that a set of facts is a
 * number.
 *
 * - `Owed`: at least one response is not complete
 * - `Closing`: there is a reason to close
 * - `Last`: a response announced that none follows it
 * - `Asked`: the newest request is CONNECT or asked for an upgrade, and was not answered yet
 * - `Switched`: the answer was 101, or 2xx to CONNECT
 */
export const Fact = { Owed: 1, Closing: 2, Last: 4, Asked: 8, Switched: 16 } as const

/** A rule moves its half from one state to another when all facts of `all` hold and none of `none`. */
export interface Rule<State> {
  readonly to: State
  readonly all: number
  readonly none: number
  readonly why: string
}

/** What the halves together entail, by the state that is left; the first rule that fits applies. */
export const rules: {
  readonly request: { readonly [S in RequestState]?: ReadonlyArray<Rule<RequestState>> }
  readonly response: { readonly [S in ResponseState]?: ReadonlyArray<Rule<ResponseState>> }
} = {
  request: {
    idle: [
      {
        to: "done",
        all: Fact.Closing,
        none: 0,
        why: "no request begins once the connection is to be closed (RFC 9112 §9.6)"
      }
    ],
    done: [
      {
        to: "switched",
        all: Fact.Switched,
        none: 0,
        why: "the request is complete and its answer switched protocols (RFC 9110 §7.8, §9.3.6)"
      },
      {
        to: "idle",
        all: 0,
        none: Fact.Closing | Fact.Asked | Fact.Switched,
        why: "the next request may follow, before this one is answered too (RFC 9112 §9.3.2)"
      }
    ]
  },
  response: {
    idle: [
      { to: "head", all: Fact.Owed, none: 0, why: "a request came" },
      {
        to: "done",
        all: Fact.Closing,
        none: Fact.Owed,
        why: "nothing is owed and the connection is to be closed"
      }
    ],
    done: [
      {
        to: "head",
        all: Fact.Owed,
        none: Fact.Last,
        why: "the next pipelined request is answered, in the order they came (RFC 9112 §9.3.2)"
      },
      {
        to: "idle",
        all: 0,
        none: Fact.Owed | Fact.Closing,
        why: "the connection is used again (RFC 9112 §9.3)"
      }
    ]
  }
}
