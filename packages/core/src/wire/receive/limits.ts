/**
 * The limits on the memory and the work that one connection can cause in the parser. The limits apply in
 * every preset, and no flag turns them off.
 *
 * The callback API turns off the limits that Node lacks (packages/node/src/http/own/flags.ts). Every limit
 * that Node lacks therefore needs a value that means "no limit", such as 0.
 */

/**
 * The limits on the parser's memory and work for one message.
 *
 * @since 0.1.0
 * @category limits
 */
export interface Limits {
  /**
   * Number of bytes at which a head is refused. The limit counts the request target or reason phrase, the
   * field names, and the field values with trailing whitespace. Default 16384, as Node's
   * `--max-http-header-size`.
   */
  readonly maxHeaderSize: number
  /**
   * Maximum number of field lines in one head, and in one trailer section. 0 means no limit. Default 2000, as
   * Node's `server.maxHeadersCount`. A message with more field lines is refused. Node drops further fields
   * instead. Dropping fields is unsafe, because a dropped field may frame or authorise the message.
   */
  readonly maxHeaderCount: number
  /**
   * Maximum number of bytes in the extensions of one chunk. The limit counts names and values. Default 16384,
   * as in Node (CVE-2024-22019).
   */
  readonly maxChunkExtensionsSize: number
  /**
   * Number of bytes at which a trailer section is refused. Field names and values are counted as in a head.
   * Default: `maxHeaderSize`.
   */
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
 * Returns the limits with a default for each missing limit. The default of `maxTrailerSize` is
 * `maxHeaderSize`.
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
