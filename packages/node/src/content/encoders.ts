/** Compresses bytes in memory and streams. The number of zlib engines in use is bounded. */
import * as zlib from "node:zlib"
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Coder, constants, createZstdCompress, type Coding, type Engine, type EngineError } from "./coder.js"

/**
 * Options of gzip (RFC 1952).
 *
 * @since 0.1.0
 * @category models
 */
export interface Gzip {
  /** Compression level, from 1 (fastest) to 9 (smallest output). Default 6. */
  readonly level?: number | undefined
  /**
   * Amount of memory for the compression state, from 1 (least memory) to 9 (most memory, fastest). Default 8.
   */
  readonly memLevel?: number | undefined
  /** The base-2 logarithm of the window size in bytes, from 9 to 15. Default 15 (32 KiB). */
  readonly windowBits?: number | undefined
}

/**
 * Options of Brotli (RFC 7932).
 *
 * @since 0.1.0
 * @category models
 */
export interface Brotli {
  /** Compression quality, from 0 (fastest) to 11 (smallest output). Default 4. */
  readonly quality?: number | undefined
  /** The base-2 logarithm of the window size in bytes, from 10 to 24. Default 18 (256 KiB). */
  readonly windowBits?: number | undefined
}

/**
 * Options of Zstandard (RFC 8878).
 *
 * @since 0.1.0
 * @category models
 */
export interface Zstd {
  /** Compression level, from 1 (fastest) to 22 (smallest output). Default 3. */
  readonly level?: number | undefined
  /**
   * The base-2 logarithm of the window size in bytes, from 10 to 23. Clients need not accept larger windows
   * (RFC 9659). Default 18 (256 KiB).
   */
  readonly windowBits?: number | undefined
}

export interface Levels {
  readonly gzip?: Gzip | undefined
  readonly brotli?: Brotli | undefined
  readonly zstd?: Zstd | undefined
}

/**
 * Makes a zlib engine. With `flush`, the engine emits all output of a write before it completes the write.
 */
const engineOf = (coding: Coding, { brotli, gzip, zstd }: Levels, flush: boolean, size: number): Engine => {
  switch (coding) {
    case "gzip":
      return zlib.createGzip({
        level: gzip?.level ?? 6,
        memLevel: gzip?.memLevel ?? 8,
        windowBits: gzip?.windowBits ?? 15,
        ...(flush ? { flush: zlib.constants.Z_SYNC_FLUSH } : {})
      })
    case "br":
      return zlib.createBrotliCompress({
        params: {
          [zlib.constants.BROTLI_PARAM_QUALITY]: brotli?.quality ?? 4,
          [zlib.constants.BROTLI_PARAM_LGWIN]: brotli?.windowBits ?? 18,
          [zlib.constants.BROTLI_PARAM_SIZE_HINT]: size
        },
        ...(flush ? { flush: zlib.constants.BROTLI_OPERATION_FLUSH } : {})
      })
    case "zstd":
      return createZstdCompress!({
        params: {
          [constants["ZSTD_c_compressionLevel"]!]: zstd?.level ?? 3,
          [constants["ZSTD_c_windowLog"]!]: zstd?.windowBits ?? 18
        },
        ...(flush ? { flush: constants["ZSTD_e_flush"]! } : {})
      })
  }
}

type Coded<E> = Channel.Channel<Chunk.Chunk<Uint8Array>, Chunk.Chunk<Uint8Array>, E, E, unknown, unknown>

const joined = (pieces: Chunk.Chunk<Uint8Array>): Uint8Array =>
  pieces.length === 1 ? Chunk.unsafeHead(pieces) : Buffer.concat(Chunk.toReadonlyArray(pieces))

/**
 * Compresses with the same levels for all responses. `full` is `true` while `most` zlib engines are in use.
 */
export class Encoders {
  private open = 0

  constructor(
    private readonly levels: Levels,
    private readonly most: number
  ) {}

  get full(): boolean {
    return this.open >= this.most
  }

  private start(coding: Coding, flush: boolean, size: number): Coder {
    const coder = new Coder(engineOf(coding, this.levels, flush, size))
    this.open++
    return coder
  }

  private close(coder: Coder): Effect.Effect<void> {
    return Effect.sync(() => {
      this.open--
      coder.close()
    })
  }

  bytes(coding: Coding, bytes: Uint8Array): Effect.Effect<Uint8Array> {
    return Effect.acquireUseRelease(
      Effect.sync(() => this.start(coding, false, bytes.length)),
      (coder) => {
        const pieces: Array<Uint8Array> = []
        const rest: Effect.Effect<Uint8Array, EngineError> = Effect.flatMap(coder.next, (piece) => {
          if (piece === undefined) return Effect.succeed(Buffer.concat(pieces))
          pieces.push(piece)
          return rest
        })
        coder.write(bytes)
        coder.end()
        return Effect.orDie(rest)
      },
      (coder) => this.close(coder)
    )
  }

  /**
   * Compresses a stream. With `flush`, a client can decode each chunk of the stream as soon as the chunk has
   * been emitted.
   */
  stream<E>(
    coding: Coding,
    stream: Stream.Stream<Uint8Array, E>,
    flush: boolean
  ): Stream.Stream<Uint8Array, E> {
    return Stream.suspend(() => {
      const coder = this.start(coding, flush, 0)
      const next = Channel.fromEffect(Effect.orDie(coder.next))
      const drain: Coded<E> = Channel.flatMap(next, (piece): Coded<E> =>
        piece === undefined ? Channel.void : Channel.flatMap(Channel.write(Chunk.of(piece)), () => drain)
      )
      const encode: Coded<E> = Channel.readWithCause({
        onInput: (pieces: Chunk.Chunk<Uint8Array>) => {
          const bytes = pieces.length === 0 ? undefined : joined(pieces)
          if (bytes === undefined || bytes.length === 0) return encode
          coder.write(bytes)
          return Channel.flatMap(drain, () => encode)
        },
        onFailure: Channel.failCause,
        onDone: () => {
          coder.end()
          return drain
        }
      })
      const coded = Stream.fromChannel(Channel.pipeTo(Stream.toChannel(stream), encode))
      return Stream.ensuring(coded, this.close(coder))
    })
  }
}
