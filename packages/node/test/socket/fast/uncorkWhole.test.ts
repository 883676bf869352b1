// A stream that was corked several times is uncorked completely, by its internals and by its public API.
import { PassThrough, type Duplex } from "node:stream"
import { expect, it } from "vitest"
import { uncorkWhole } from "../../../src/socket/fast/uncorkWhole.js"

const ways: ReadonlyArray<[way: string, of: (stream: Duplex) => Duplex]> = [
  ["inside", (stream) => stream],
  [
    "public members",
    (stream) =>
      ({
        get writableCorked() {
          return stream.writableCorked
        },
        uncork: () => stream.uncork()
      }) as Duplex
  ]
]

it.each(ways)("uncorks completely by the stream's %s", (_, of) => {
  const stream = new PassThrough()
  for (let i = 0; i < 3; i++) stream.cork()
  stream.write("abc")
  uncorkWhole(of(stream))
  expect([stream.writableCorked, String(stream.read())]).toEqual([0, "abc"])
  uncorkWhole(of(stream))
  expect(stream.writableCorked).toBe(0)
})

it("streams have the expected internals", () => {
  const stream = new PassThrough()
  stream.cork()
  expect(stream).toMatchObject({ _writableState: { corked: 1 } })
})
