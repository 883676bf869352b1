/**
 * Reads HTTP messages from a raw peer, with a minimal parser according to RFC 9112. The batteries use this
 * parser, because it is independent of the parsers under test.
 */
import * as Effect from "effect/Effect"
import type { RawPeer, WireMismatch } from "../RawPeer.js"
import { fieldsOf } from "../battery/expect.js"

/** A received message. The head is stored as received, and the body without chunk framing. */
export interface Message {
  readonly head: string
  readonly start: string
  readonly fields: Readonly<Record<string, string>>
  readonly body: string
}

/** Reads a chunked body with its trailers, and returns the body without chunk framing. */
const chunks = (peer: RawPeer): Effect.Effect<string, WireMismatch> =>
  Effect.gen(function* () {
    const parts: Array<string> = []
    for (;;) {
      const length = Number.parseInt(yield* peer.until("\r\n"), 16)
      if (length === 0) break
      parts.push(yield* peer.take(length))
      yield* peer.expect("\r\n")
    }
    while ((yield* peer.until("\r\n")) !== "\r\n");
    return parts.join("")
  })

const bodyOf = (peer: RawPeer, fields: Message["fields"], otherwise: Effect.Effect<string, WireMismatch>) => {
  if (/chunked$/i.test(fields["transfer-encoding"] ?? "")) return chunks(peer)
  const length = fields["content-length"]
  return length === undefined ? otherwise : peer.take(Number(length))
}

/** Reads the next request from a client. */
export const request = (peer: RawPeer): Effect.Effect<Message, WireMismatch> =>
  Effect.gen(function* () {
    const head = yield* peer.head
    const fields = fieldsOf(head)
    const body = yield* bodyOf(peer, fields, Effect.succeed(""))
    return { head, start: head.slice(0, head.indexOf("\r\n")), fields, body }
  })

/** Reads the next response from a server. `method` is the method of the request. */
export const response = (peer: RawPeer, method = "GET"): Effect.Effect<Message, WireMismatch> =>
  Effect.gen(function* () {
    const head = yield* peer.head
    const fields = fieldsOf(head)
    const bare = method === "HEAD" || /^HTTP\/1\.\d (1\d\d|204|304)/.test(head)
    const body = bare ? "" : yield* bodyOf(peer, fields, peer.rest)
    return { head, start: head.slice(0, head.indexOf("\r\n")), fields, body }
  })
