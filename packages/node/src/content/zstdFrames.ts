/**
 * Finds the ends of the frames in Zstandard content (RFC 8878 §3.1). Node.js 22 ignores a second frame in the
 * same write, and does not report a truncated frame.
 *
 * Never checks a frame beyond the fields that determine its length.
 */

const frameMagic = 0xfd2fb528
const skippableMagic = 0x184d2a50

const littleEndian = (bytes: ReadonlyArray<number>, from: number): number =>
  (bytes[from]! | (bytes[from + 1]! << 8) | (bytes[from + 2]! << 16) | (bytes[from + 3]! << 24)) >>> 0

/** Returns the number of bytes of a frame header after its descriptor. */
const headerSize = (descriptor: number): number => {
  const isSingleSegment = (descriptor & 0x20) !== 0
  const contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6]!
  const dictionary = [0, 1, 2, 4][descriptor & 3]!
  return (isSingleSegment ? 0 : 1) + dictionary + contentSize
}

export class ZstdFrames {
  /** Number of frames that have ended. */
  complete = 0
  private step: "magic" | "skippable" | "descriptor" | "header" | "block" = "magic"
  /** The bytes of the current field so far. The field has `need` bytes. */
  private field: Array<number> = []
  private need = 4
  /** Number of bytes of the current block that are still to come. */
  private skip = 0
  private isLast = false
  private hasChecksum = false

  /** Whether the last frame has ended and no other frame has begun. */
  get between(): boolean {
    return this.step === "magic" && this.field.length === 0
  }

  /**
   * Returns the index after the frame that contains the byte at `from`. If the frame continues after `bytes`,
   * returns their number. Returns `undefined` if no frame begins at `from`.
   */
  end(bytes: Uint8Array, from: number): number | undefined {
    let at = from
    while (at < bytes.length) {
      if (this.skip > 0) {
        const skipped = Math.min(this.skip, bytes.length - at)
        this.skip -= skipped
        at += skipped
      } else {
        this.field.push(bytes[at++]!)
        if (this.field.length < this.need) continue
        if (!this.next()) return undefined
      }
      if (!this.isLast || this.skip > 0) continue
      this.complete++
      this.isLast = false
      this.expect("magic", 4)
      return at
    }
    return at
  }

  private expect(step: ZstdFrames["step"], need: number): void {
    this.step = step
    this.field = []
    this.need = need
  }

  private next(): boolean {
    const { field } = this
    switch (this.step) {
      case "magic": {
        const magic = littleEndian(field, 0)
        if (magic === frameMagic) this.expect("descriptor", 1)
        else if ((magic & 0xfffffff0) >>> 0 === skippableMagic) this.expect("skippable", 4)
        else return false
        return true
      }
      case "skippable":
        this.skip = littleEndian(field, 0)
        this.isLast = true
        return true
      case "descriptor":
        this.hasChecksum = (field[0]! & 4) !== 0
        this.expect("header", headerSize(field[0]!))
        return true
      case "header":
        this.expect("block", 3)
        return true
      case "block": {
        const header = littleEndian([...field, 0], 0)
        const isRepeated = ((header >>> 1) & 3) === 1
        this.isLast = (header & 1) !== 0
        this.skip = (isRepeated ? 1 : header >>> 3) + (this.isLast && this.hasChecksum ? 4 : 0)
        this.expect("block", 3)
        return true
      }
    }
  }
}
