/**
 * The parts of a multipart body as platform's `Part`s. The body is parsed while the parts are read. A failure
 * of the body or of the parser fails the stream of parts and the content of the current part with the same
 * `MultipartError`.
 *
 * This module replaces platform's own channel, which decodes names as Latin-1 and ignores a failure of the
 * body that occurs while a file part is read.
 */
import * as Respondable from "@effect/platform/HttpServerRespondable"
import * as ServerResponse from "@effect/platform/HttpServerResponse"
import * as Multipart from "@effect/platform/Multipart"
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Stream from "effect/Stream"
import * as MP from "multipasta"
import { lookAhead } from "../../../connection/transfer/body.js"
import { Slices } from "../../../connection/transfer/slices.js"
import { boundaryOf, MultipartParser, type MultipartFailure, type PartSink } from "./parser.js"

type Failure = Multipart.MultipartError
type Pieces<A> = Channel.Channel<Chunk.Chunk<A>, unknown, Failure, unknown, unknown>

/** The body that contains the parts. */
export interface Source {
  /**
   * Consumes and returns the buffered bytes synchronously. Returns `undefined` if no bytes are buffered. Then
   * `ready` waits for bytes.
   */
  readonly take: () => ReadonlyArray<Uint8Array> | Failure | "end" | undefined
  /** Waits until `take` has a result: bytes, a failure or the end. */
  readonly ready: Effect.Effect<void>
}

/**
 * Maximum bytes of file content that may be buffered while the handler pulls further parts without reading
 * the files.
 */
const unreadLimit = 1_048_576

const statuses: Partial<Record<Failure["reason"], number>> = {
  Parse: 400,
  TooManyParts: 413,
  FieldTooLarge: 413,
  FileTooLarge: 413,
  BodyTooLarge: 413
}

/**
 * Creates a failure with its own response, which the server sends if the app does not handle the failure.
 * Platform's own failure has no response and would become 500.
 */
export const failure = (
  reason: Failure["reason"],
  cause: unknown,
  status: number | undefined = statuses[reason]
): Failure => {
  const error = new Multipart.MultipartError({ reason, cause })
  // Platform's message contains only the reason, so add the message of the cause.
  const message = `${reason}: ${cause instanceof Error ? cause.message : String(cause)}`
  Object.defineProperty(error, "message", { value: message })
  if (status === undefined) return error
  return Object.defineProperty(error, Respondable.symbol, { value: () => ServerResponse.empty({ status }) })
}

const failureOf = ({ message, reason }: MultipartFailure): Failure => failure(reason, new Error(message))

/**
 * Returns the parts of `source`. The limits are those that platform's `Multipart.withLimits` has set in the
 * fiber that runs the stream.
 */
export const parts = (
  headers: Record<string, string>,
  source: Effect.Effect<Source>
): Stream.Stream<Multipart.Part, Failure> =>
  Stream.fromChannel(
    Channel.flatMap(
      Channel.fromEffect(Effect.zip(Multipart.makeConfig(headers), source)),
      ([config, body]): Pieces<Multipart.Part> => {
        const boundary = boundaryOf(headers["content-type"] ?? "")
        if (boundary !== undefined) return new Form(boundary, config, body).parts
        const message = "Content-Type names no multipart type with a boundary of 1 to 70 characters"
        return Channel.fail(failure("Parse", new Error(message)))
      }
    )
  )

/** State shared by the parts of one form. */
class Form {
  /** Bytes of file content that are buffered and unread. */
  unread = 0

  private readonly parser: MultipartParser
  private queue: Array<Multipart.Part> = []
  private count = 0
  private file: FileSink | undefined = undefined
  /** Whether the body has ended or failed, and reading has stopped. */
  private over = false
  private failed: Failure | undefined = undefined

  constructor(
    boundary: string,
    private readonly config: MP.BaseConfig,
    private readonly source: Source
  ) {
    this.parser = new MultipartParser(boundary, (info) => this.begin(info))
  }

  /**
   * A channel of the form's parts. It emits a field once the field is complete, and a file once its content
   * begins to arrive.
   */
  get parts(): Pieces<Multipart.Part> {
    const again = () => loop
    const loop: Pieces<Multipart.Part> = Channel.suspend(() => {
      if (this.queue.length > 0) {
        const parts = this.queue
        this.queue = []
        return Channel.flatMap(Channel.write(Chunk.unsafeFromArray(parts)), again)
      }
      if (this.failed !== undefined) return Channel.fail(this.failed)
      if (this.over) return Channel.void
      return Channel.flatMap(Channel.fromEffect(this.file?.room ?? this.next), again)
    })
    return loop
  }

  /**
   * Parses the buffered bytes of the body, or waits if no bytes are buffered. Consumes and parses bytes in
   * one synchronous step, so that an interruption never loses bytes.
   */
  readonly next: Effect.Effect<void> = Effect.suspend(() => {
    if (this.over) return Effect.void
    const taken = this.source.take()
    if (taken === undefined) return this.source.ready
    if (taken === "end") this.parser.end()
    else if ("reason" in taken) this.end(taken)
    else for (const slice of taken) this.parser.write(slice)
    const { failure } = this.parser
    if (failure !== undefined) this.end(failureOf(failure))
    else if (taken === "end") this.end(undefined)
    return Effect.void
  })

  private end(failed: Failure | undefined): void {
    if (this.over) return
    this.over = true
    this.failed = failed
    if (failed !== undefined) this.file?.fail(failed)
  }

  private begin(info: MP.PartInfo): PartSink | MultipartFailure {
    const { isFile = MP.defaultIsFile, maxFieldSize, maxPartSize, maxParts } = this.config
    if (maxParts !== undefined && ++this.count > maxParts)
      return { reason: "TooManyParts", message: `the form has more than ${maxParts} parts` }
    this.file = undefined
    if (!isFile(info)) return new FieldSink(info, maxFieldSize, (field) => this.queue.push(field))
    this.file = new FileSink(this, info.name, maxPartSize)
    this.queue.push(new FilePart(info, this.file.content))
    return this.file
  }
}

class FieldSink implements PartSink {
  private readonly slices = new Slices()

  constructor(
    private readonly info: MP.PartInfo,
    private readonly limit: number | undefined,
    private readonly add: (field: Multipart.Field) => void
  ) {}

  data(bytes: Uint8Array): MultipartFailure | undefined {
    this.slices.push(bytes)
    return tooLarge(this.slices.bytes, this.limit, "FieldTooLarge", this.info.name)
  }

  end(): void {
    this.add(new FieldPart(this.info, MP.decodeField(this.info, this.slices.takeJoined())))
  }
}

class FileSink implements PartSink {
  private readonly slices = new Slices()
  private size = 0
  private ended = false
  private failed: Failure | undefined = undefined
  private readers = 0
  private waiting: Array<() => void> = []

  constructor(
    private readonly form: Form,
    private readonly name: string,
    private readonly limit: number | undefined
  ) {}

  data(bytes: Uint8Array): MultipartFailure | undefined {
    const failure = tooLarge((this.size += bytes.length), this.limit, "FileTooLarge", this.name)
    if (failure !== undefined || this.failed !== undefined) return failure
    this.slices.push(bytes)
    this.form.unread += bytes.length
    if (this.readers === 0 && this.form.unread > unreadLimit) this.lose()
    return undefined
  }

  end(): void {
    this.ended = true
    this.moved()
  }

  fail(failed: Failure): void {
    if (!this.ended) this.failed ??= failed
  }

  /**
   * An effect that waits until the reader has consumed some content. `undefined` if the buffer has room, so
   * that parsing may continue.
   */
  get room(): Effect.Effect<void> | undefined {
    if (!this.full) return undefined
    return Effect.async((resume) => {
      if (!this.full) return resume(Effect.void)
      const wake = () => resume(Effect.void)
      this.waiting.push(wake)
      return Effect.sync(() => {
        this.waiting = this.waiting.filter((other) => other !== wake)
      })
    })
  }

  readonly content: Stream.Stream<Uint8Array, Failure> = Stream.fromChannel(
    Channel.suspend(() => {
      this.readers++
      const again = () => loop
      const loop: Pieces<Uint8Array> = Channel.suspend(() => {
        if (this.slices.bytes > 0)
          return Channel.flatMap(Channel.write(Chunk.unsafeFromArray(this.take())), again)
        if (this.failed !== undefined) return Channel.fail(this.failed)
        if (this.ended) return Channel.void
        return Channel.flatMap(Channel.fromEffect(this.form.next), again)
      })
      return Channel.ensuring(
        loop,
        Effect.sync(() => {
          this.readers--
          this.moved()
        })
      )
    })
  )

  private get full(): boolean {
    return !this.ended && this.readers > 0 && this.slices.bytes > lookAhead
  }

  private take(): Array<Uint8Array> {
    this.form.unread -= this.slices.bytes
    const slices = this.slices.takeAll()
    this.moved()
    return slices
  }

  private lose(): void {
    this.form.unread -= this.slices.bytes
    this.slices.clear()
    const message = `more than ${unreadLimit} bytes of files are unread, and further parts were requested`
    this.failed = failure("InternalError", new Error(message))
  }

  private moved(): void {
    const { waiting } = this
    this.waiting = []
    for (const wake of waiting) wake()
  }
}

const tooLarge = (
  size: number,
  limit: number | undefined,
  reason: "FileTooLarge" | "FieldTooLarge",
  name: string
): MultipartFailure | undefined =>
  limit !== undefined && size > limit
    ? { reason, message: `the part ${JSON.stringify(name)} is larger than ${limit} bytes` }
    : undefined

abstract class PartBase extends Inspectable.Class {
  readonly [Multipart.TypeId]: Multipart.TypeId = Multipart.TypeId
  abstract readonly _tag: string

  toJSON(): unknown {
    const { [Multipart.TypeId]: _, ...shown } = this
    return { _id: "@effect/platform/Multipart/Part", ...shown }
  }
}

class FieldPart extends PartBase implements Multipart.Field {
  readonly _tag = "Field"
  readonly key: string
  readonly contentType: string

  constructor(
    info: MP.PartInfo,
    readonly value: string
  ) {
    super()
    this.key = info.name
    this.contentType = info.contentType
  }
}

class FilePart extends PartBase implements Multipart.File {
  readonly _tag = "File"
  readonly key: string
  readonly name: string
  readonly contentType: string

  constructor(
    info: MP.PartInfo,
    readonly content: Stream.Stream<Uint8Array, Failure>
  ) {
    super()
    this.key = info.name
    this.name = info.filename ?? info.name
    this.contentType = info.contentType
  }

  get contentEffect(): Effect.Effect<Uint8Array, Failure> {
    return Effect.suspend(() => {
      const all = new Slices()
      const add = (slices: Chunk.Chunk<Uint8Array>) =>
        Effect.sync(() => Chunk.forEach(slices, (slice) => all.push(slice)))
      return Effect.map(Stream.runForEachChunk(this.content, add), () => all.takeJoined())
    })
  }

  override toJSON(): unknown {
    const { contentType, key, name } = this
    return { _id: "@effect/platform/Multipart/Part", _tag: "File", key, name, contentType }
  }
}

/** A file part that has been written to a path. */
export class PersistedFilePart extends PartBase implements Multipart.PersistedFile {
  readonly _tag = "PersistedFile"

  constructor(
    readonly key: string,
    readonly name: string,
    readonly contentType: string,
    readonly path: string
  ) {
    super()
  }
}
