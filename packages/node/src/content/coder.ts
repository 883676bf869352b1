/**
 * A compressor or decompressor of `node:zlib` (a zlib engine), with effects and streams as its interface.
 *
 * The zlib engine works on Node's threads. It stops while its output is not read. It therefore holds at most
 * one piece of output, even if that output is much larger than the input.
 */
import type { Transform } from "node:stream"
import * as zlib from "node:zlib"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { beginWork } from "@httpfx/core/PlatformTimers"

/** An error of a zlib engine, with zlib's code. */
export interface EngineError extends Error {
  readonly code?: string
}

export type Engine = Transform & Pick<zlib.Zlib, "bytesWritten">

/**
 * A content coding: Brotli (RFC 7932), gzip (RFC 1952) or Zstandard (RFC 8878).
 *
 * @since 0.1.0
 * @category models
 */
export type Coding = "br" | "gzip" | "zstd"

/**
 * The functions of `node:zlib` for Zstandard. Node.js has them since 22.15 and 23.8, and `@types/node` has
 * them since version 22.
 */
interface Zstd {
  readonly createZstdCompress?: (options: object) => Engine
  readonly createZstdDecompress?: (options: object) => Engine
  readonly constants: Readonly<Record<string, number>>
}
export const { constants, createZstdCompress, createZstdDecompress } = zlib as unknown as Zstd

/** Returns whether this version of Node.js implements the coding. */
export const isAvailable = (coding: string): boolean =>
  coding !== "zstd" || (createZstdCompress !== undefined && createZstdDecompress !== undefined)

type Taken = Exit.Exit<Uint8Array | undefined, EngineError>
const nothing: Taken = Exit.succeed(undefined)

export class Coder {
  /** The number of calls of `write` and `end` that the zlib engine has not completed. */
  private pending = 0
  private ended = false
  private failure: Taken | undefined = undefined
  private workEnds: (() => void) | undefined
  private wake: (() => void) | undefined = undefined
  private given = 0

  constructor(private readonly engine: Engine) {
    const wake = () => this.wake?.()
    engine.on("readable", wake)
    engine.on("end", () => {
      this.ended = true
      wake()
    })
    engine.on("error", (error: EngineError) => {
      this.failure = Exit.fail(error)
      wake()
    })
  }

  /** Gives bytes to the zlib engine. Call `next` until it returns `undefined` before you give more bytes. */
  write(bytes: Uint8Array): void {
    this.given += bytes.length
    this.pending++
    this.engine.write(bytes, this.written)
  }

  end(): void {
    this.pending++
    this.engine.end()
  }

  /**
   * Whether the coded input ended before the last of the given bytes. Only known after `next` has returned
   * `undefined`.
   */
  get surplus(): boolean {
    return this.engine.bytesWritten < this.given
  }

  /** Returns the next piece of output. `undefined` when the output for the bytes given so far is complete. */
  get next(): Effect.Effect<Uint8Array | undefined, EngineError> {
    return Effect.suspend(() => this.take() ?? this.later)
  }

  /** Frees the memory of the zlib engine, even while the engine is working. */
  close(): void {
    this.workEnds?.()
    this.engine.destroy()
  }

  // After an error the zlib engine calls only some of these callbacks. Ignore the error here, because the
  // event `error` reports it.
  private readonly written = (error?: Error | null): void => {
    if (error !== undefined && error !== null) return
    this.pending--
    this.wake?.()
  }

  private take(): Taken | undefined {
    if (this.failure !== undefined) return this.failure
    const piece = this.engine.read() as Uint8Array | null
    if (piece !== null) return Exit.succeed(piece)
    return this.ended || this.pending === 0 ? nothing : undefined
  }

  // A zlib engine without output is still working. Its next callback or event ends this wait.
  private readonly later = Effect.async<Uint8Array | undefined, EngineError>((resume) => {
    const workEnds = beginWork()
    this.workEnds = workEnds
    const leave = () => {
      this.wake = undefined
      this.workEnds = undefined
      workEnds()
    }
    this.wake = () => {
      const taken = this.take()
      if (taken === undefined) return
      leave()
      resume(taken)
    }
    return Effect.sync(leave)
  })
}
