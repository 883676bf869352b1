/**
 * A connection in memory: two streams with the members of sockets that HTTP code calls. Bytes arrive in a
 * later turn of the event loop.
 */
import { Duplex } from "node:stream"

export class MemorySocket extends Duplex {
  #other: MemorySocket | undefined
  #resume: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined
  readonly #calls: Array<string> = []

  static pair(): [MemorySocket, MemorySocket] {
    const one = new MemorySocket()
    const two = new MemorySocket()
    one.#other = two
    two.#other = one
    return [one, two]
  }

  /** The calls, in order, of members that have an effect only below HTTP. */
  get calls(): ReadonlyArray<string> {
    return this.#calls
  }

  override _read(): void {
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#activity()
    setImmediate(() => {
      const other = this.#other!
      other.#activity()
      if (other.destroyed) return done(Object.assign(new Error("write ECONNRESET"), { code: "ECONNRESET" }))
      if (other.readableEnded || other.push(chunk)) return done()
      other.#resume = done
    })
  }

  override _final(done: (error?: Error | null) => void): void {
    setImmediate(() => {
      if (!this.#other!.destroyed) this.#other!.push(null)
      done()
    })
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer)
    setImmediate(() => {
      const other = this.#other!
      const resume = other.#resume
      other.#resume = undefined
      resume?.()
      if (!other.destroyed && !other.readableEnded) other.push(null)
    })
    done(error)
  }

  #timeout = 0
  #activity(): void {
    if (this.#timeout === 0 || this.destroyed) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.emit("timeout"), this.#timeout)
  }

  get timeout(): number {
    return this.#timeout
  }

  setTimeout(timeout: number, listener?: () => void): this {
    this.#timeout = timeout
    clearTimeout(this.#timer)
    if (listener !== undefined) {
      if (timeout === 0) this.removeListener("timeout", listener)
      else this.once("timeout", listener)
    }
    this.#activity()
    return this
  }

  setNoDelay(on: boolean = true): this {
    this.#calls.push(`setNoDelay(${on})`)
    return this
  }

  setKeepAlive(on: boolean = false, delay: number = 0): this {
    this.#calls.push(`setKeepAlive(${on}, ${delay})`)
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }
}
