/**
 * Limits on the memory and work that one connection can cause in the parser, with unit, default and reason.
 * They apply in every preset; no flag disables them.
 *
 * The callback API turns off the limits that Node lacks (packages/node/src/http/own/flags.ts), so such a
 * limit needs a value for "no limit", such as 0.
 */

/**
 * Limits on the parser's memory and work for one message.
 *
 * @since 0.1.0
 * @category limits
 */
export interface Limits {
  /**
   * Bytes of request target or reason phrase, field names and field values (trailing whitespace included) of
   * one head; a head that reaches the limit is refused, as in Node. Default 16384: Node's
   * `--max-http-header-size`.
   */
  readonly maxHeaderSize: number
  /**
   * Field lines of one head, and of one trailer section. 0: only the bytes are limited. Default 2000, as
   * Node's `server.maxHeadersCount`. Unlike Node, which drops further fields, the parser refuses the message,
   * because a dropped field may frame or authorise the message.
   */
  readonly maxHeaderCount: number
  /**
   * Bytes of the names and values of the extensions of one chunk. Default 16384, as in Node (CVE-2024-22019).
   */
  readonly maxChunkExtensionsSize: number
  /** Bytes of names and values of one trailer section, counted as in a head. Default: `maxHeaderSize`. */
  readonly maxTrailerSize: number
}

/**
 * The default limits.
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
 * Completes limits with the defaults; the default of `maxTrailerSize` is `maxHeaderSize`.
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
