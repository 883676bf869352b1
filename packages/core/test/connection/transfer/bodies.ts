/** The body of an incoming message: the bytes that its readers get, and its requests for backpressure. */
import { strict as assert } from "node:assert"
import { Body } from "../../../src/connection/transfer/body.js"
import { bytesOf, textOf } from "../../support/connection/scriptedTransport.js"
import type { Row, Table } from "../table.js"

class Stage {
  readonly told: Array<string> = []
  readonly body: Body<string>

  constructor(limit: number) {
    const flow = {
      bodyFull: () => this.told.push("full"),
      bodyDrained: () => this.told.push("drained"),
      bodyWanted: () => this.told.push("wanted")
    }
    this.body = new Body<string>(flow, limit)
  }

  pushes(...texts: ReadonlyArray<string>): void {
    for (const text of texts) this.body.push(bytesOf(text))
  }

  /** Records `name` once, when bytes, the end or a failure can be read. */
  readonly reader = (name: string) => this.body.whenReadable(() => this.told.push(name))

  take(): string | undefined {
    return this.body.take()?.map(textOf).join("")
  }

  whole(limit?: number): string | undefined {
    const bytes = this.body.takeWhole(limit, () => "too large")
    return bytes === undefined ? undefined : textOf(bytes)
  }

  /** Compares the lines recorded since the last call of `expects`. */
  expects(...lines: ReadonlyArray<string>): void {
    assert.deepEqual(this.told.splice(0), lines)
  }
}

const row = (name: string, limit: number, run: (stage: Stage) => void): Row => ({
  name,
  run: () => run(new Stage(limit))
})

const rows: ReadonlyArray<Row> = [
  row("a reader is called once for bytes, and for the end", 10, (s) => {
    s.reader("readable")
    s.expects()
    s.pushes("ab", "cd")
    s.expects("readable")
    assert.equal(s.take(), "abcd")
    assert.equal(s.take(), undefined)
    s.reader("ended")
    s.body.end(["X-Sum", "1"])
    s.expects("ended")
    assert.deepEqual([s.body.ended, s.body.consumed, s.body.rawTrailers], [true, true, ["X-Sum", "1"]])
  }),
  row("a reader is called at once if bytes wait", 10, (s) => {
    s.pushes("a")
    s.reader("readable")
    s.expects("readable")
  }),
  row("all waiting readers are called, cancelled ones are not", 10, (s) => {
    s.reader("first")
    s.reader("cancelled")()
    s.reader("second")
    s.body.fail("lost")
    s.expects("first", "second")
    assert.equal(s.body.failure, "lost")
  }),
  row("it fails once, and not after its end", 10, (s) => {
    s.body.fail("first")
    s.body.fail("second")
    s.body.end([])
    assert.deepEqual([s.body.failure, s.body.ended], ["first", false])
    const other = new Stage(10)
    other.body.end([])
    other.body.fail("late")
    assert.deepEqual([other.body.failure, other.body.ended], [undefined, true])
  }),
  row("bytes before a failure can be read, bytes after it are only counted", 10, (s) => {
    s.pushes("ab")
    s.body.fail("lost")
    s.pushes("cd")
    assert.deepEqual([s.take(), s.take(), s.body.received], ["ab", undefined, 4])
  }),
  row("above its limit it requests backpressure, until it is read", 3, (s) => {
    s.pushes("abc")
    s.expects()
    s.pushes("d", "e")
    s.expects("full")
    assert.equal(s.take(), "abcde")
    s.expects("drained")
  }),
  row("the connection is informed of the first reader only", 3, (s) => {
    assert.equal(s.body.wanted, false)
    s.body.want()
    s.body.want()
    s.expects("wanted")
    assert.equal(s.body.wanted, true)
  }),
  row("a reader of the whole body prevents backpressure, until it leaves", 3, (s) => {
    const leave = s.body.watchWhole(() => false)
    s.pushes("abcd")
    s.expects()
    leave()
    s.expects("full")
    leave()
    s.body.watchWhole(() => true)
    s.expects("drained", "full")
  }),
  row("a reader that has the whole body no longer affects backpressure", 3, (s) => {
    s.body.watchWhole(() => s.body.waiting > 1)
    s.pushes("ab", "cd")
    s.expects("full")
  }),
  row("the whole body is available at the end, and again later", 10, (s) => {
    s.pushes("ab")
    assert.equal(s.whole(), undefined)
    s.pushes("cd")
    s.body.end([])
    const whole = s.body.takeWhole(undefined, () => "")
    assert.equal(
      s.body.takeWhole(1, () => ""),
      whole
    )
    assert.equal(s.whole(), "abcd")
  }),
  row("the whole body is the rest left by other readers", 10, (s) => {
    s.pushes("ab")
    s.take()
    s.pushes("cd")
    s.body.end([])
    assert.equal(s.whole(), "cd")
  }),
  row("the whole body is too large before its end", 10, (s) => {
    s.pushes("abcd")
    assert.equal(s.whole(3), undefined)
    assert.deepEqual([s.body.failure, s.body.waiting], ["too large", 0])
  }),
  row("the whole body is too large after its end", 10, (s) => {
    s.pushes("abcd")
    s.body.end([])
    assert.equal(s.whole(3), undefined)
    assert.deepEqual([s.body.failure, s.body.ended], ["too large", false])
    assert.equal(s.whole(), undefined)
  }),
  row("a discarded body causes no backpressure, and fails its readers", 3, (s) => {
    s.reader("readable")
    s.pushes("abcd")
    s.reader("again")
    s.expects("readable", "full", "again")
    s.take()
    s.reader("failed")
    s.expects("drained")
    s.body.discard(() => "answered before")
    s.expects("failed")
    s.pushes("efgh")
    s.expects()
    assert.deepEqual([s.body.failure, s.body.received, s.body.waiting], ["answered before", 8, 0])
  }),
  row("whenRead is called once, after reading or discarding", 10, (s) => {
    s.pushes("ab")
    s.body.whenRead(() => s.told.push("first"))
    s.body.whenRead(() => s.told.push("read"))
    s.take()
    s.take()
    s.expects("read")
    s.pushes("ab")
    s.body.whenRead(() => s.told.push("thrown away"))
    s.body.discard()
    s.expects("thrown away")
  }),
  row("slices already taken do not change when more arrive", 100_000, (s) => {
    const pieces = (from: number) =>
      Array.from({ length: 700 }, (_, k) => String.fromCharCode(48 + ((from + k) % 70)).repeat(20))
    s.pushes(...pieces(0))
    const first = s.body.take()!
    s.pushes(...pieces(35))
    const second = s.body.take()!
    assert.equal(first.map(textOf).join(""), pieces(0).join(""))
    assert.equal(second.map(textOf).join(""), pieces(35).join(""))
    assert.ok(first.length < 5, `${first.length} pieces`)
  })
]

export const bodies: Table = { name: "an incoming body", rows }
