/** Decodes content codings (RFC 9110 §8.4.1) in streams. Limits bound the size of the decoded content. */
import * as zlib from "node:zlib"
import { DecodedTooLarge, InvalidContent } from "@httpfx/core/HttpError"
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Coder, constants, createZstdDecompress, type Engine, type EngineError } from "./coder.js"
import { ZstdFrames } from "./zstdFrames.js"

/**
 * A content coding that can be decoded. For `deflate`, RFC 9110 §8.4.1.2 requires the zlib format, but some
 * servers send the content without it. Both forms are decoded.
 *
 * @since 0.1.0
 * @category models
 */
export type Coding = "br" | "deflate" | "gzip" | "zstd"

export interface Limits {
  /** Maximum size of the decoded content, in bytes. */
  readonly maxSize: number
  /** Maximum number of decoded bytes per received byte. */
  readonly maxRatio: number
}

export type DecodeError = InvalidContent | DecodedTooLarge

/**
 * Number of bytes that may be decoded whatever their ratio, because short content that repeats itself is
 * harmless.
 */
const freeOfRatio = 1024 * 1024
const chunkSize = 64 * 1024

// Returns whether the content begins with a zlib header (RFC 1950 §2.2). Raw deflate content that begins in
// the same way is a stored block with padding that encoders never write.
const isZlib = ([first = 0, second = 0]: Uint8Array): boolean =>
  (first & 15) === 8 && first >>> 4 <= 7 && ((first << 8) | second) % 31 === 0

/** Makes the zlib engine for a coding. `beginning` contains the first two bytes of the content. */
const engineOf = (coding: Coding, beginning: Uint8Array): Engine => {
  switch (coding) {
    case "br":
      return zlib.createBrotliDecompress({ chunkSize })
    case "gzip":
      return zlib.createGunzip({ chunkSize })
    case "deflate":
      return isZlib(beginning) ? zlib.createInflate({ chunkSize }) : zlib.createInflateRaw({ chunkSize })
    case "zstd":
      // Allow windows of up to 8 MiB, the largest window of the coding (RFC 9659).
      return createZstdDecompress!({ chunkSize, params: { [constants["ZSTD_d_windowLogMax"]!]: 23 } })
  }
}

/** The received bytes of content that is being decoded. They are counted before any coding is removed. */
interface Arrived {
  bytes: number
}

class Decoder {
  private coder: Coder | undefined = undefined
  private decoded = 0
  private given = 0
  /** The first byte, kept until a second byte shows the format of the content. */
  private held: Uint8Array = new Uint8Array(0)
  private beginning: Uint8Array = this.held
  private readonly frames = new ZstdFrames()

  constructor(
    private readonly coding: Coding,
    private readonly limits: Limits,
    private readonly arrived: Arrived
  ) {}

  /**
   * Returns the index up to which the zlib engine can take bytes from `from` on in one write. The part never
   * contains bytes of two zstd frames.
   */
  end(piece: Uint8Array, from: number): number | InvalidContent {
    const end = this.coding === "zstd" ? this.frames.end(piece, from) : piece.length
    if (end === undefined) return this.invalid(this.frames.complete > 0 ? "TRAILING" : "INVALID", "")
    this.given += end - from
    return end
  }

  write(part: Uint8Array): void {
    if (this.coder !== undefined) return this.coder.write(part)
    const beginning = this.held.length === 0 ? part : Buffer.concat([this.held, part])
    if (beginning.length < 2) this.held = beginning
    else this.start(beginning)
  }

  private start(beginning: Uint8Array): void {
    this.beginning = beginning.subarray(0, 2)
    this.coder = new Coder(engineOf(this.coding, beginning))
    this.coder.write(beginning)
  }

  /**
   * Ends the content. Empty content is complete with every coding, because servers send it with all of them.
   */
  finish(): InvalidContent | undefined {
    if (this.given === 0) return undefined
    if (this.coding === "zstd" && !this.frames.between) return this.invalid("TRUNCATED", "")
    if (this.coder === undefined) this.start(this.held)
    this.coder!.end()
    return undefined
  }

  /** Returns the next decoded bytes. `undefined` when the output for the bytes written so far is complete. */
  get next(): Effect.Effect<Uint8Array | undefined, DecodeError> {
    const { coder } = this
    if (coder === undefined) return Effect.succeed(undefined)
    return Effect.matchEffect(coder.next, {
      onFailure: (error) => Effect.fail(this.failed(error)),
      onSuccess: (piece): Effect.Effect<Uint8Array | undefined, DecodeError> => {
        if (piece === undefined)
          return coder.surplus ? Effect.fail(this.invalid("TRAILING", "")) : Effect.succeed(undefined)
        this.decoded += piece.length
        const exceeded = this.exceeded
        return exceeded === undefined ? Effect.succeed(piece) : Effect.fail(exceeded)
      }
    })
  }

  close(): void {
    this.coder?.close()
  }

  private get exceeded(): DecodedTooLarge | undefined {
    const { arrived, decoded, limits } = this
    const facts = { received: arrived.bytes, decoded }
    if (decoded > limits.maxSize)
      return new DecodedTooLarge({ ...facts, limit: "maxSize", allowed: limits.maxSize })
    return decoded > freeOfRatio && decoded > limits.maxRatio * arrived.bytes
      ? new DecodedTooLarge({ ...facts, limit: "maxRatio", allowed: limits.maxRatio })
      : undefined
  }

  private failed({ code, message }: EngineError): InvalidContent {
    if (code === "Z_BUF_ERROR") return this.invalid("TRUNCATED", "")
    // zlib takes the bytes after a gzip member for another member (RFC 1952 §2.2), so this error means
    // trailing bytes.
    const isSecond = this.beginning[0] === 0x1f && this.beginning[1] === 0x8b
    const isTrailing = this.coding === "gzip" && isSecond && message === "incorrect header check"
    return this.invalid(isTrailing ? "TRAILING" : "INVALID", message)
  }

  private invalid(fault: "INVALID" | "TRUNCATED" | "TRAILING", reason: string): InvalidContent {
    const { arrived, coding, decoded } = this
    const code = `ERR_HTTPFX_CONTENT_${fault}` as const
    return new InvalidContent({ code, coding, reason, received: arrived.bytes, decoded })
  }
}

type Pieces<E> = Channel.Channel<
  Chunk.Chunk<Uint8Array>,
  Chunk.Chunk<Uint8Array>,
  E | DecodeError,
  E,
  unknown,
  unknown
>

const layer = <E>(
  source: Stream.Stream<Uint8Array, E>,
  makeDecoder: () => Decoder
): Stream.Stream<Uint8Array, E | DecodeError> =>
  Stream.suspend(() => {
    const decoder = makeDecoder()
    const next = Channel.suspend(() => Channel.fromEffect(decoder.next))
    const drain: Pieces<E> = Channel.flatMap(next, (piece): Pieces<E> =>
      piece === undefined ? Channel.void : Channel.flatMap(Channel.write(Chunk.of(piece)), () => drain)
    )
    // Cuts a piece only as its parts are written, because a piece can contain very many zstd frames.
    const give = (pieces: ReadonlyArray<Uint8Array>, at: number, from: number): Pieces<E> => {
      const piece = pieces[at]
      if (piece === undefined) return decode
      if (from === piece.length) return Channel.suspend(() => give(pieces, at + 1, 0))
      const end = decoder.end(piece, from)
      if (end instanceof InvalidContent) return Channel.fail(end)
      decoder.write(piece.subarray(from, end))
      return Channel.flatMap(drain, () => give(pieces, at, end))
    }
    const decode: Pieces<E> = Channel.readWithCause({
      onInput: (pieces: Chunk.Chunk<Uint8Array>) => give(Chunk.toReadonlyArray(pieces), 0, 0),
      onFailure: Channel.failCause,
      onDone: () => {
        const invalid = decoder.finish()
        return invalid === undefined ? drain : Channel.fail(invalid)
      }
    })
    const decoded = Stream.fromChannel(Channel.pipeTo(Stream.toChannel(source), decode))
    return Stream.ensuring(
      decoded,
      Effect.sync(() => decoder.close())
    )
  })

/** Decodes a stream of coded content. `codings` has the order in which the codings were applied. */
export const decode = <E>(
  source: Stream.Stream<Uint8Array, E>,
  codings: ReadonlyArray<Coding>,
  limits: Limits
): Stream.Stream<Uint8Array, E | DecodeError> =>
  Stream.suspend(() => {
    const arrived: Arrived = { bytes: 0 }
    const counted = Stream.mapChunks(source, (pieces) => {
      for (const piece of pieces) arrived.bytes += piece.length
      return pieces
    })
    return codings.reduceRight<Stream.Stream<Uint8Array, E | DecodeError>>(
      (stream, coding) => layer(stream, () => new Decoder(coding, limits, arrived)),
      counted
    )
  })
