/** The text of server-sent events: fields, line breaks, and values that are refused. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import { type HttpError, ServerSentEvents } from "@httpfx/core"

const table: ReadonlyArray<readonly [ServerSentEvents.Event, string]> = [
  [{ data: "a" }, "data: a\n\n"],
  [{ data: "" }, "data: \n\n"],
  [{ data: "a\nb\r\nc\rd\n" }, "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n"],
  [{ data: " a" }, "data:  a\n\n"],
  [{ comment: "", data: "a" }, ": \ndata: a\n\n"],
  [{ comment: "a\ndata: b" }, ": a\n: data: b\n\n"],
  [{ event: "tick", id: "7", retry: 1500, data: "ä" }, "id: 7\nevent: tick\nretry: 1500\ndata: ä\n\n"],
  [{ id: "", data: "a" }, "id: \ndata: a\n\n"],
  [{ retry: "2 seconds" }, "retry: 2000\n\n"],
  [{ retry: Duration.nanos(1n) }, "retry: 1\n\n"],
  [{}, "\n"]
]

const refused: ReadonlyArray<readonly [ServerSentEvents.Event, HttpError.InvalidEvent["field"]]> = [
  ...["a\n", "\r", "a\r\nb"].map((event) => [{ event }, "event"] as const),
  ...["a\n", "\r", "a\0"].map((id) => [{ id }, "id"] as const),
  ...[-1, NaN, Infinity, Duration.infinity, "soon", 2 ** 60].map(
    (retry) => [{ retry: retry as number }, "retry"] as const
  )
]

describe("An event", () => {
  it.each(table)("%j", (event, text) => {
    assert.deepStrictEqual(ServerSentEvents.encode(event), Either.right(text))
  })

  it.each(refused)("%j is refused", (event, field) => {
    const result = ServerSentEvents.encode(event)
    if (Either.isRight(result)) return assert.fail(result.right)
    assert.deepInclude(result.left, { _tag: "InvalidEvent", field })
  })
})
