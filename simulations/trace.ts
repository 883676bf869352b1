/**
 * Hashes all events of a run: every sent byte with its time, and every reported line.
 *
 * Equal seeds give equal hashes. `lines`, if stored, show the first difference.
 */
import { createHash } from "node:crypto"

const bufferSize = 256 * 1024

export class Trace {
  /** Number of bytes sent on the network. */
  bytes = 0
  readonly lines: Array<string> | undefined
  private readonly hash = createHash("sha256")
  private readonly buffer = Buffer.allocUnsafe(bufferSize)
  private used = 0

  constructor(
    private readonly now: () => number,
    keep: boolean
  ) {
    this.lines = keep ? [] : undefined
  }

  line(text: string): void {
    const line = `${this.now()} ${text}\n`
    this.lines?.push(line)
    if (this.used + line.length > bufferSize) this.flush()
    this.used += this.buffer.write(line, this.used, "latin1")
  }

  data(bytes: Uint8Array): void {
    this.bytes += bytes.length
    if (this.used + bytes.length > bufferSize) this.flush()
    this.buffer.set(bytes, this.used)
    this.used += bytes.length
  }

  digest(): string {
    this.flush()
    return this.hash.digest("hex")
  }

  private flush(): void {
    this.hash.update(this.buffer.subarray(0, this.used))
    this.used = 0
  }
}
