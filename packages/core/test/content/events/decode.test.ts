/**
 * The event stream format (HTML standard §9.2.6): the events in a stream, for every split of its bytes, and
 * the limits on lines and events.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Stream from "effect/Stream"
import { HttpError, ServerSentEvents } from "@httpfx/core"

const encoder = new TextEncoder()
type Bytes = string | ReadonlyArray<number>
const bytesOf = (bytes: Bytes) => (typeof bytes === "string" ? encoder.encode(bytes) : Uint8Array.from(bytes))

/** Decodes slices. Returns the messages, followed by the error, if there is one. */
const decode = (
  slices: ReadonlyArray<Uint8Array>,
  options?: ServerSentEvents.DecodeOptions
): Effect.Effect<ReadonlyArray<unknown>> =>
  Effect.gen(function* () {
    const seen: Array<ServerSentEvents.Message> = []
    const result = yield* Stream.fromIterable(slices).pipe(
      Stream.rechunk(1),
      ServerSentEvents.decode(options),
      Stream.runForEach((message) => Effect.sync(() => seen.push(message))),
      Effect.either
    )
    return Either.isLeft(result) ? [...seen, result.left] : seen
  })

const message = (data: string, event = "message", lastEventId = "") => ({ event, data, lastEventId })

const table: ReadonlyArray<readonly [name: string, bytes: Bytes, ReadonlyArray<ServerSentEvents.Message>]> = [
  ["one event", "data: a\n\n", [message("a")]],
  ["several lines of data", "data: a\ndata\ndata: \ndata: b\n\n", [message("a\n\n\nb")]],
  ["CR LF", "data: a\r\ndata: b\r\n\r\n", [message("a\nb")]],
  ["CR", "data: a\rdata: b\r\r", [message("a\nb")]],
  ["all line ends mixed", "data: a\r\ndata: b\rdata: c\n\rdata: d\n\r\n", [message("a\nb\nc"), message("d")]],
  ["CR LF LF is two line ends", "data: a\r\n\ndata: b\n\n", [message("a"), message("b")]],
  ["LF CR is two line ends", "data: a\n\rdata: b\n\n", [message("a"), message("b")]],
  ["no space after the colon", "data:a\n\n", [message("a")]],
  ["only the first space is removed", "data:  a \n\n", [message(" a ")]],
  ["a tab is not removed", "data:\ta\n\n", [message("\ta")]],
  ["a colon in the value", "data: a:b: c\n\n", [message("a:b: c")]],
  ["the space before the colon is part of the name", "data : a\n\n", []],
  ["names in their case", "Data: a\nDATA: b\n\n", []],
  ["unknown fields", "foo: bar\ndata: a\nfoo\n\n", [message("a")]],
  ["comments", ": one\n:\ndata: a\n:two\n\n", [message("a")]],
  ["a comment is nothing", ":\n\n:\n\n", []],
  ["empty data is an event", "data\n\ndata:\n\ndata: \n\n", [message(""), message(""), message("")]],
  ["no data is no event", "event: a\n\nid: 1\n\n\n\n", []],
  ["a type", "event: tick\ndata: a\n\ndata: b\n\n", [message("a", "tick"), message("b")]],
  ["an empty type", "event: tick\nevent:\ndata: a\n\n", [message("a")]],
  ["the type of an event without data is forgotten", "event: tick\n\ndata: a\n\n", [message("a")]],
  ["the last type counts", "event: a\nevent: b\ndata: c\n\n", [message("c", "b")]],
  [
    "an id stays",
    "id: 1\ndata: a\n\ndata: b\n\n",
    [message("a", "message", "1"), message("b", "message", "1")]
  ],
  ["an id of an event without data stays", "id: 7\n\ndata: a\n\n", [message("a", "message", "7")]],
  ["an empty id resets", "id: 1\ndata: a\n\nid\ndata: b\n\n", [message("a", "message", "1"), message("b")]],
  ["an id with U+0000 is ignored", "id: 1\nid: 2\0\ndata: a\n\n", [message("a", "message", "1")]],
  ["an id with spaces and colons", "id: a: b \ndata: a\n\n", [message("a", "message", "a: b ")]],
  ["an unfinished event is dropped", "data: a\n\ndata: b\n", [message("a")]],
  ["an unfinished line is dropped", "data: a\n\ndata: b", [message("a")]],
  ["nothing", "", []],
  ["a byte order mark", [0xef, 0xbb, 0xbf, ...encoder.encode("data: a\n\n")], [message("a")]],
  ["a byte order mark alone on its line", "\uFEFF\ndata: a\n\n", [message("a")]],
  ["only one byte order mark is removed", "\uFEFF\uFEFFdata: a\n\n", []],
  [
    "a byte order mark later is a character",
    "data: a\n\n\uFEFFdata: b\n\ndata: \uFEFFc\n\n",
    [message("a"), message("\uFEFFc")]
  ],
  ["half a byte order mark", [0xef, 0xbb, ...encoder.encode("data: a\n\n")], []],
  ["UTF-8 of all lengths", "data: aä€😀\nevent: 時\nid: é\n\n", [message("aä€😀", "時", "é")]],
  [
    "malformed UTF-8",
    [...encoder.encode("data: "), 0xc3, 0x28, 0xff, 0x0a, 0x0a],
    [message("\uFFFD(\uFFFD")]
  ],
  [
    "a line end within a character",
    [...encoder.encode("data: "), 0xe2, 0x82, 0x0a, 0x0a],
    [message("\uFFFD")]
  ],
  ["U+0085 and U+2028 are no line ends", "data: a\u0085b\u2028c\n\n", [message("a\u0085b\u2028c")]],
  ["U+0000 in data", "data: a\0b\n\n", [message("a\0b")]],
  ["retry is no event", "retry: 10\n\n", []]
]

describe("An event stream", () => {
  it.effect.each(table)("%s, for every split", ([, input, wanted]) =>
    Effect.gen(function* () {
      const bytes = bytesOf(input)
      assert.deepStrictEqual(yield* decode([bytes]), wanted)
      assert.deepStrictEqual(yield* decode(Array.from(bytes, (byte) => Uint8Array.of(byte))), wanted)
      for (let cut = 1; cut < bytes.length; cut++)
        assert.deepStrictEqual(yield* decode([bytes.subarray(0, cut), bytes.subarray(cut)]), wanted)
    })
  )

  it.effect("delivers an event as soon as its last line has ended, also by CR", () =>
    Effect.gen(function* () {
      for (const end of ["\n\n", "\r\r", "\r\n\r\n"]) {
        const bytes = encoder.encode(`data: a${end}`)
        const first = Stream.concat(Stream.make(bytes), Stream.never).pipe(
          ServerSentEvents.decode(),
          Stream.runHead
        )
        assert.strictEqual((yield* first)._tag, "Some")
      }
    })
  )

  it("gives the encoded events, split at random", () =>
    FastCheck.assert(
      FastCheck.asyncProperty(
        FastCheck.array(
          FastCheck.record(
            {
              data: FastCheck.fullUnicodeString(),
              event: FastCheck.fullUnicodeString().filter((text) => !/[\r\n]/.test(text)),
              id: FastCheck.fullUnicodeString().filter((text) => !/[\0\r\n]/.test(text)),
              comment: FastCheck.fullUnicodeString()
            },
            { requiredKeys: ["data"] }
          )
        ),
        FastCheck.array(FastCheck.nat(200)),
        async (events, cuts) => {
          let id = ""
          const wanted = events.map((event) => {
            id = event.id ?? id
            return message(event.data.replace(/\r\n?/g, "\n"), event.event || "message", id)
          })
          const text = events.map((event) => Either.getOrThrow(ServerSentEvents.encode(event))).join("")
          let rest = encoder.encode(text)
          const slices: Array<Uint8Array> = []
          for (const cut of cuts) {
            slices.push(rest.subarray(0, cut))
            rest = rest.subarray(cut)
          }
          assert.deepStrictEqual(await Effect.runPromise(decode([...slices, rest])), wanted)
        }
      )
    ))
})

describe("The limits of an event stream", () => {
  const tooLarge = (option: "maxLineSize" | "maxEventSize", limit: number) =>
    new HttpError.EventTooLarge({ option, limit })
  const limits = { maxLineSize: 10, maxEventSize: 7 }
  const cases: ReadonlyArray<readonly [string, string, ReadonlyArray<unknown>]> = [
    ["a line of ten bytes", "data: a€\nid: 123456\n\n", [message("a€", "message", "123456")]],
    ["a longer line", "data: ab€\n\n", [tooLarge("maxLineSize", 10)]],
    ["a longer line without an end", "data: abcdef", [tooLarge("maxLineSize", 10)]],
    [
      "a longer comment after an event",
      "data: a\n\n: 345678901\n",
      [message("a"), tooLarge("maxLineSize", 10)]
    ],
    ["data of seven bytes", "data: abc\ndata:abc\n\n", [message("abc\nabc")]],
    ["more data", "data: abc\ndata:abcd\n\n", [tooLarge("maxEventSize", 7)]],
    ["many empty lines of data", "data\n".repeat(9), [tooLarge("maxEventSize", 7)]],
    ["many events and comments", ":\ndata: abc\n\n".repeat(4), Array(4).fill(message("abc"))]
  ]
  it.effect.each(cases)("%s, for every split", ([, text, wanted]) =>
    Effect.gen(function* () {
      const bytes = encoder.encode(text)
      assert.deepStrictEqual(yield* decode([bytes], limits), wanted)
      for (let cut = 1; cut < bytes.length; cut++)
        assert.deepStrictEqual(yield* decode([bytes.subarray(0, cut), bytes.subarray(cut)], limits), wanted)
    })
  )

  it.effect("are refused by name if they are invalid", () =>
    Effect.gen(function* () {
      for (const option of ["maxLineSize", "maxEventSize"])
        for (const value of [-1, 1.5, NaN, "1"]) {
          const stream = ServerSentEvents.decode({ [option]: value })(Stream.empty)
          const error = yield* Effect.flip(Stream.runDrain(stream))
          assert.deepInclude(error, { _tag: "InvalidOption", option })
        }
    })
  )

  it.effect("do not affect earlier events, for any chunks", () =>
    Effect.gen(function* () {
      const bytes = encoder.encode("data: a\n\ndata: b\n\ndata: abcdefgh\n\n")
      const seen: Array<string> = []
      yield* Stream.fromChunk(Chunk.make(bytes.subarray(0, 12), bytes.subarray(12))).pipe(
        ServerSentEvents.decode({ maxLineSize: 8 }),
        Stream.runForEach(({ data }) => Effect.sync(() => seen.push(data))),
        Effect.flip
      )
      assert.deepStrictEqual(seen, ["a", "b"])
    })
  )
})
