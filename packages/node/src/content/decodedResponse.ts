/**
 * A response whose content is decoded as it is read.
 */
import * as Client from "@httpfx/core/Client"
import type { InvalidJson } from "@httpfx/core/HttpError"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { decode, type Coding, type Limits } from "./decoders.js"

const text = new TextDecoder()

// These fields describe the coded content, so a decoded response hides them.
const isHidden = (name: string): boolean => /^content-(?:encoding|length)$/i.test(name)

export class DecodedResponse implements Client.Response {
  private lines: ReadonlyArray<string> | undefined = undefined
  private folded: Client.Response["headers"] | undefined = undefined
  private whole: Exit.Exit<Uint8Array, Client.BodyError> | undefined = undefined

  constructor(
    private readonly source: Client.Response,
    private readonly codings: ReadonlyArray<Coding>,
    private readonly limits: Limits
  ) {}

  get status() {
    return this.source.status
  }
  get statusMessage() {
    return this.source.statusMessage
  }
  get versionMinor() {
    return this.source.versionMinor
  }
  get httpVersion() {
    return this.source.httpVersion
  }
  get remote() {
    return this.source.remote
  }
  get tls() {
    return this.source.tls
  }
  get reused() {
    return this.source.reused
  }
  get resent() {
    return this.source.resent
  }
  get complete() {
    return this.source.complete
  }
  get rawTrailers() {
    return this.source.rawTrailers
  }
  get discard() {
    return this.source.discard
  }

  get rawHeaders(): ReadonlyArray<string> {
    return (this.lines ??= this.source.rawHeaders.filter((_, at, all) => !isHidden(all[at - (at % 2)]!)))
  }

  get headers(): Client.Response["headers"] {
    if (this.folded === undefined) {
      this.folded = { ...this.source.headers }
      for (const name of Object.keys(this.folded)) if (isHidden(name)) delete this.folded[name]
    }
    return this.folded
  }

  header(name: string): string | undefined {
    return isHidden(name) ? undefined : this.source.header(name)
  }

  get body(): Stream.Stream<Uint8Array, Client.BodyError> {
    return decode(this.source.body, this.codings, this.limits)
  }

  // Reads all coded content before it is decoded. The connection is then released, and the content can be
  // read again.
  get bytes(): Effect.Effect<Uint8Array, Client.BodyError> {
    return Effect.suspend(
      () => this.whole ?? Effect.flatMap(this.source.bytes, (coded) => this.decoded(coded))
    )
  }

  get text(): Effect.Effect<string, Client.BodyError> {
    return Effect.map(this.bytes, (bytes) => text.decode(bytes))
  }

  get json(): Effect.Effect<unknown, Client.BodyError | InvalidJson> {
    return Client.decodeJson(this.text)
  }

  private decoded(coded: Uint8Array): Effect.Effect<Uint8Array, Client.BodyError> {
    const pieces = Stream.runCollect(decode(Stream.make(coded), this.codings, this.limits))
    const whole = Effect.map(pieces, (pieces) => Buffer.concat(Chunk.toReadonlyArray(pieces)))
    return Effect.onExit(whole, (exit) =>
      Effect.sync(() => {
        if (!Exit.isInterrupted(exit)) this.whole = exit
      })
    )
  }
}
