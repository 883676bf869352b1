/**
 * The refusals of all vectors: the reason of each refusal, and the proof that exactly the named flag is
 * missing.
 */
import {
  everyFlag,
  type FlagName,
  flagNames,
  type Flags,
  type Refusal,
  type RefusalCode
} from "@httpfx/core/wire"
import { assert, describe, it } from "@effect/vitest"
import { readVectors, setupOf, type Vector } from "./vectors/document.js"
import { run } from "./vectors/log.js"

const vectors = readVectors()

const refusalOf = (vector: Vector, flags: Flags): Refusal | undefined =>
  run(setupOf(vector, flags), vector.bytes, [vector.bytes.length]).refusal

interface Refused {
  readonly vector: Vector
  readonly refusal: Refusal
}

/** Returns the refusals of all vectors, under each set of flags for which the vector has a log. */
const refusals = (): ReadonlyArray<Refused> =>
  vectors.flatMap((vector) =>
    vector.expected.flatMap(({ flags }) => {
      const refusal = refusalOf(vector, flags)
      return refusal === undefined ? [] : [{ vector, refusal }]
    })
  )

// The reasons of each code. They are Node's sentences if Node's parser has the check, and otherwise our own.
const sentences: { readonly [Code in RefusalCode]: ReadonlyArray<string> } = {
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ["Chunk extensions overflow"],
  HPE_CLOSED_CONNECTION: ["Data after `Connection: close`"],
  HPE_CR_EXPECTED: [
    "Missing expected CR after chunk data",
    "Missing expected CR after chunk extension name",
    "Missing expected CR after chunk extension value",
    "Missing expected CR after chunk size",
    "Missing expected CR after header value",
    "Missing expected CR after response line"
  ],
  HPE_HEADER_OVERFLOW: ["Header overflow", "Too many header fields"],
  HPE_INVALID_CHUNK_SIZE: ["Chunk size overflow", "Invalid character in chunk size"],
  HPE_INVALID_CONSTANT: [
    "Expected HTTP/, RTSP/ or ICE/",
    "Expected SOURCE method for ICE/x.x request",
    "Invalid method for HTTP/x.x request",
    "Invalid method for RTSP/x.x request",
    "Line break before the start line",
    "More than one space after url",
    "Not an HTTP request",
    "Not an HTTP response"
  ],
  HPE_INVALID_CONTENT_LENGTH: [
    "Content-Length can't be present with Transfer-Encoding",
    "Content-Length overflow",
    "Empty Content-Length",
    "Invalid character in Content-Length"
  ],
  HPE_INVALID_EOF_STATE: ["Invalid EOF state"],
  HPE_INVALID_HEADER_TOKEN: [
    "Framing field in trailers",
    "Invalid Host",
    "Invalid header field char",
    "Invalid header token",
    "Invalid header value char",
    "Missing Host",
    "Repeated Host",
    "Unexpected whitespace after header value"
  ],
  HPE_INVALID_METHOD: [
    "Expected space after method",
    "Invalid method encountered",
    "Line break before the start line"
  ],
  HPE_INVALID_STATUS: [
    "Control byte in reason phrase",
    "Expected space after status code",
    "Invalid response status",
    "Invalid status code",
    "Status code below 100"
  ],
  HPE_INVALID_TRANSFER_ENCODING: [
    "Empty Transfer-Encoding",
    "Invalid `Transfer-Encoding` header value",
    "Request has invalid `Transfer-Encoding`",
    "Transfer-Encoding before HTTP/1.1",
    "Transfer-Encoding can't be present with Content-Length",
    "Transfer-Encoding other than chunked"
  ],
  HPE_INVALID_URL: [
    "Absolute target without authority",
    "Authority in url that is no host and port",
    "CONNECT needs host and port",
    "Character in url outside the URI grammar",
    "Double @ in url",
    "Expected CRLF",
    "Fragment in url",
    "Invalid char in url fragment start",
    "Invalid char in url path",
    "Invalid char in url query",
    "Invalid characters in url",
    "More than one space after method",
    "Only OPTIONS may have the target *",
    "Unexpected char in url schema",
    "Unexpected char in url server",
    "Unexpected start char in url",
    "Userinfo in url"
  ],
  HPE_INVALID_VERSION: [
    "Expected CRLF after version",
    "Expected HTTP/2 Connection Preface",
    "Expected dot",
    "Expected space after version",
    "Invalid HTTP version",
    "Invalid major version",
    "Invalid minor version",
    "Request line without version"
  ],
  HPE_LF_EXPECTED: ["Missing expected LF after header value"],
  HPE_PAUSED_H2_UPGRADE: ["Pause on PRI/Upgrade"],
  HPE_STRICT: [
    "Chunk extension with an empty value",
    "Chunk extension without a name",
    "Expected CRLF after version",
    "Expected LF after CR",
    "Expected LF after chunk data",
    "Expected LF after chunk size",
    "Expected LF after headers",
    "Invalid character in chunk extensions",
    "Invalid character in chunk extensions name",
    "Invalid character in chunk extensions quote value",
    "Invalid character in chunk extensions quoted value",
    "Invalid character in chunk extensions value",
    "Invalid quoted-pair in chunk extensions quoted value",
    "Quote inside a chunk extension's token"
  ],
  HPE_UNEXPECTED_CONTENT_LENGTH: [
    "Content framed in a 100 response",
    "Content framed in a 103 response",
    "Content framed in a 150 response",
    "Content framed in a 204 response",
    "Duplicate Content-Length"
  ],
  HPE_UNEXPECTED_SPACE: ["Unexpected space after start line"]
}

// For each flag, the other flags with which the parser also accepts the bytes, or reads them differently.
const alsoBy: { readonly [Flag in FlagName]?: ReadonlyArray<FlagName> } = {
  urlCharacters: ["targetCharacters"],
  missingReason: ["bareCarriageReturn"],
  framedNoContent: ["lengthWithoutBody"],
  chunkedHttp10Response: ["transferEncodingInHttp10"],
  http09: ["anyVersion"],
  http20: ["anyVersion"],
  looseStatusLine: ["bareCarriageReturn"],
  missingHost: ["bareCarriageReturn"],
  chunkedNotLast: ["tabsInFraming"],
  dataAfterClose: ["keepAliveAfterClose", "lengthWithoutBody", "transferEncodingInHttp10"]
}

describe("refusals", () => {
  it("each has one of these reasons", () => {
    const said = new Map<string, Set<string>>()
    for (const { refusal } of refusals()) {
      const of = said.get(refusal.code) ?? new Set()
      said.set(refusal.code, of.add(refusal.reason))
    }
    const sorted = (said: Iterable<string>): ReadonlyArray<string> => [...said].sort()
    assert.deepStrictEqual(
      Object.fromEntries([...said].map(([code, of]) => [code, sorted(of)])),
      Object.fromEntries(Object.entries(sentences).map(([code, of]) => [code, sorted(of)]))
    )
  })

  it("each named flag is the missing one: with all other flags the same bytes are refused at the same position", () => {
    const named = new Set<FlagName>()
    for (const { refusal, vector } of refusals()) {
      const { flag } = refusal
      if (flag === undefined) continue
      const flags: Record<FlagName, boolean> = { ...everyFlag, [flag]: false }
      for (const other of alsoBy[flag] ?? []) flags[other] = false
      const { code, offset } = refusalOf(vector, flags) ?? {}
      const what = `${vector.file}, ${vector.title}, ${flag}`
      assert.deepStrictEqual({ code, offset }, { code: refusal.code, offset: refusal.offset }, what)
      named.add(flag)
    }
    // `keepAliveAfterClose` makes the parser read the bytes as a further message, which is valid.
    assert.deepStrictEqual(
      flagNames.filter((flag) => !named.has(flag)),
      ["keepAliveAfterClose"]
    )
  })
})
