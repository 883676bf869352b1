/**
 * What one connection may make the parser keep or read, each limit with unit, default and reason.
 * Whatever the preset, these hold; they are never lifted by a flag.
 */

/**
 * Bounds of the parser's memory and work for one message.
 *
 * @since 0.1.0
 * @category limits
 */
export interface Limits {
  /**
   * Bytes of request target or reason phrase, field names and field values (trailing whitespace included) of
   * one head; reaching the number refuses the message, as Node does. Default 16384: Node's
   * `--max-http-header-size`.
   */
  readonly maxHeaderSize: number
  /**
   * Field lines of one head, and of one trailer section. 0: no limit but that of the bytes. Default 2000:
   * Node's `server.maxHeadersCount`, but past it the message is refused here, not cut (a dropped field may be
   * the one that framed or authorised it).
   */
  readonly maxHeaderCount: number
  /** Bytes of the names and values of the extensions of one chunk. Default 16384: Node's (CVE-2024-22019). */
  readonly maxChunkExtensionsSize: number
  /** Bytes of names and values of one trailer section, counted as in a head. Default: `maxHeaderSize`. */
  readonly maxTrailerSize: number
}

/**
 * The limits in force where none are given.
 *
 * @since 0.1.0
 * @category limits
 */
export const defaultLimits: Limits = {
  maxHeaderSize: 16384,
  maxHeaderCount: 2000,
  maxChunkExtensionsSize: 16384,
  maxTrailerSize: 16384
}

/**
 * Fills in what was left out; `maxTrailerSize` follows `maxHeaderSize`.
 *
 * @since 0.1.0
 * @category limits
 */
export const makeLimits = (given: Partial<Limits> = {}): Limits => ({
  maxHeaderSize: given.maxHeaderSize ?? defaultLimits.maxHeaderSize,
  maxHeaderCount: given.maxHeaderCount ?? defaultLimits.maxHeaderCount,
  maxChunkExtensionsSize: given.maxChunkExtensionsSize ?? defaultLimits.maxChunkExtensionsSize,
  maxTrailerSize: given.maxTrailerSize ?? given.maxHeaderSize ?? defaultLimits.maxTrailerSize
})
