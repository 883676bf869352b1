/**
 * The rules of a connection, as tables. `automaton.ts` executes the tables, and `docs/automaton.md` is
 * generated from the tables.
 *
 * ## Theory of operation
 *
 * A connection has two halves. The client sends requests on one half, and the server sends responses on the
 * other half. The rules for sending and for receiving are the same. So a client and a server that observe the
 * same exchange always agree.
 *
 * A step has two parts. First, the signal moves a half from one state to the next (`steps`). A signal that is
 * not listed for the current state is refused and changes nothing. Then the joint rules (`rules`) are applied
 * until nothing changes. A joint rule depends on the state of its half and on facts about the connection
 * (`Fact`).
 *
 * A client may send requests before it has received earlier responses (pipelining, RFC 9112 §9.3.2). So the
 * request half belongs to the newest exchange, and the response half belongs to the oldest exchange without a
 * complete response. After each exchange a half returns to `idle` or `head`. So the rules are the same for
 * every exchange.
 *
 * `done` means that the message is complete and that no other message may begin on this half yet. A
 * connection with both halves `done` is closed, for the reason that was noted first.
 *
 * @since 0.1.0
 */

/**
 * The states of the request half.
 *
 * - `idle`: no request is in progress, so the next request may begin
 * - `body`: the head was sent, and the request is incomplete
 * - `done`: the request is complete, and no other request may follow, because a close was announced or the
 *   request must get its response first (CONNECT, upgrade)
 * - `switched`: the bytes belong to another protocol
 * - `closed`: the client sent FIN
 *
 * @since 0.1.0
 * @category models
 */
export type RequestState = "idle" | "body" | "done" | "switched" | "closed"

/**
 * The states of the response half.
 *
 * - `idle`: no request waits for its response
 * - `head`: a response head is due
 * - `body`: the head was sent, and the response is incomplete
 * - `untilClose`: the head was sent, and FIN completes the response
 * - `done`: the response is complete, and no other response may follow
 * - `switched`: the bytes belong to another protocol
 * - `closed`: the server sent FIN
 *
 * @since 0.1.0
 * @category models
 */
export type ResponseState = "idle" | "head" | "body" | "untilClose" | "done" | "switched" | "closed"

/**
 * The events that change the state of the request half.
 *
 * - `head`: a request head
 * - `refused`: an invalid or late request, which the server answers with an error response (such as 400, 408
 *   or 431)
 * - `complete`: the end of the request
 * - `eof`: FIN of the client
 *
 * @since 0.1.0
 * @category models
 */
export type RequestSignal = (typeof requestSignals)[number]
export const requestSignals = ["head", "refused", "complete", "eof"] as const

/**
 * The events that change the state of the response half.
 *
 * - `informational`: the head of a 1xx response other than 101
 * - `head`: a final response head whose body is framed by length or chunks
 * - `headUntilClose`: a final response head whose body is framed by the end of the connection
 * - `switch`: a 101 after a request for an upgrade, or a 2xx to CONNECT
 * - `complete`: the end of the response
 * - `eof`: FIN of the server
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

/** The next state of a half, for each current state and each signal. A signal without an entry is refused. */
export const steps = {
  request: {
    idle: { head: "body", refused: "done", eof: "closed" },
    body: { refused: "done", complete: "done", eof: "closed" },
    done: { eof: "closed" },
    // The client may have sent FIN before it received the response that switches protocols.
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
 * Facts about the connection besides the states of its halves. Each fact is a bit, so a set of facts is a
 * number.
 *
 * - `Owed`: at least one response is not complete
 * - `Closing`: there is a reason to close
 * - `Last`: a response announced that no further response follows
 * - `Asked`: the newest request is CONNECT or asks for an upgrade, and has no response yet
 * - `Switched`: the response was 101, or 2xx to CONNECT
 */
export const Fact = { Owed: 1, Closing: 2, Last: 4, Asked: 8, Switched: 16 } as const

/** A joint rule, which moves its half to the state `to` if all facts in `all` and no fact in `none` hold. */
export interface Rule<State> {
  readonly to: State
  readonly all: number
  readonly none: number
  readonly why: string
}

/** The joint rules of both halves, by the current state of the half. The first rule that matches applies. */
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
        why: "no request may begin once the connection will be closed (RFC 9112 §9.6)"
      }
    ],
    done: [
      {
        to: "switched",
        all: Fact.Switched,
        none: 0,
        why: "the request is complete and its response switched protocols (RFC 9110 §7.8, §9.3.6)"
      },
      {
        to: "idle",
        all: 0,
        none: Fact.Closing | Fact.Asked | Fact.Switched,
        why: "the next request may follow, even before the response to this one (RFC 9112 §9.3.2)"
      }
    ]
  },
  response: {
    idle: [
      { to: "head", all: Fact.Owed, none: 0, why: "a request has begun" },
      {
        to: "done",
        all: Fact.Closing,
        none: Fact.Owed,
        why: "no response is due and the connection will be closed"
      }
    ],
    done: [
      {
        to: "head",
        all: Fact.Owed,
        none: Fact.Last,
        why: "the next pipelined request gets its response, in order of arrival (RFC 9112 §9.3.2)"
      },
      {
        to: "idle",
        all: 0,
        none: Fact.Owed | Fact.Closing,
        why: "the connection is reused (RFC 9112 §9.3)"
      }
    ]
  }
}
