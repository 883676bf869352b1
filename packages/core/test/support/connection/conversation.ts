/**
 * A conversation with a server of `connection/server`, step by step. The client acts, and the test compares
 * the resulting calls to the transport and the owner.
 *
 * `expects` compares these lines of a step: `< 200 close "ok"` is a response; `FIN`, `RST`, `pause`, ... are
 * calls to the transport; `closed` is the end of the transport; `#1 ...` and `owner ...` are calls to the
 * owner. Events, and the ends of handlers, are omitted.
 */
import { strict as assert } from "node:assert"
import type { Row } from "../../connection/table.js"
import type { RecordedExchange } from "./recordedExchange.js"
import type { ScriptedOptions, ScriptedTransport } from "./scriptedTransport.js"
import { ServerWorld, type Given } from "./serverWorld.js"

const response = (text: string): string => {
  const [, status, fields, body] = /^HTTP\/1\.1 (\d+)[^\r]*\r\n(?:(.*?)\r\n)?\r\n(.*)$/s.exec(text) ?? []
  if (status === undefined) return JSON.stringify(text)
  const close = /^connection: close$/im.test(fields ?? "") ? " close" : ""
  const after = /^retry-after: (.*)$/im.exec(fields ?? "")?.[1]
  return `${status}${close}${after === undefined ? "" : ` after ${after} s`}${body === "" ? "" : ` ${shown(body!)}`}`
}

const shown = (text: string) => (text.length > 60 ? `${text.length} bytes` : JSON.stringify(text))

const called: Readonly<Record<string, string>> = {
  "-> end": "FIN",
  "-> reset": "RST",
  "-> abandon": "abandon",
  "-> pause": "pause",
  "-> resume": "resume",
  "<- close": "closed"
}

/** Converts the recorded lines to the lines that `expects` compares. */
export const outline = (lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.flatMap((line) => {
    const [, written, more] = /^-> write (".*")(, full|, refused)?$/.exec(line) ?? []
    if (written !== undefined) return `< ${response(JSON.parse(written) as string)}${more ?? ""}`
    if (line in called) return called[line]!
    return /^(event |<- |-> start|#\d+ (runs|handler ends)$)/.test(line) ? [] : line
  })

export class Conversation {
  readonly world: ServerWorld
  /** The connection that was opened last. */
  transport: ScriptedTransport
  private from = 0

  constructor(given: Given, options?: ScriptedOptions) {
    this.world = new ServerWorld(given)
    this.transport = this.world.connect(options)
  }

  get exchange(): RecordedExchange {
    return this.world.exchange
  }

  /** Compares the lines since the last call of `expects`. */
  expects(...lines: ReadonlyArray<string>): void {
    assert.deepEqual(this.told(), lines)
  }

  private told(): ReadonlyArray<string> {
    const told = outline(this.world.lines.slice(this.from))
    this.from = this.world.lines.length
    return told
  }

  /** Compares the lines since the last call of `expects` with patterns. */
  expectsLike(...patterns: ReadonlyArray<RegExp>): void {
    const told = this.told()
    const like =
      told.length === patterns.length && patterns.every((pattern, index) => pattern.test(told[index]!))
    if (!like) assert.deepEqual(told, patterns.map(String))
  }

  /** Sends chunks from the client, one by one. */
  sends(...chunks: ReadonlyArray<string>): void {
    for (const chunk of chunks) this.does(() => this.transport.sends(chunk))
  }

  ends(): void {
    this.does(() => this.transport.ends())
  }

  resets(): void {
    this.does(() => this.transport.fails())
  }

  connects(options?: ScriptedOptions): void {
    this.transport = this.world.connect(options)
  }

  does(f: () => void): void {
    this.world.act(f)
  }

  /** Advances the clock by `ms`. */
  passes(ms: number): void {
    this.world.pass(ms)
  }
}

/**
 * Makes a row of a table. At its end the client resets open connections, handlers end, and no resources may
 * be held.
 */
export const conversation = (
  name: string,
  given: Given,
  talk: (c: Conversation) => void,
  options?: ScriptedOptions
): Row => ({
  name,
  run: () => {
    const c = new Conversation(given, options)
    talk(c)
    const { world } = c
    world.act(() => world.life.endAll())
    for (const exchange of world.exchanges) world.act(() => exchange.returns())
    assert.deepEqual(world.held, [], "nothing is held")
    for (const { losses, number } of world.exchanges)
      assert.ok(losses <= 1, `exchange ${number} is lost at most once`)
  }
})
