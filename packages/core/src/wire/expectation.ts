/**
 * What a request expects of its server before it goes on (RFC 9110 §10.1.1).
 *
 * @since 0.1.0
 */
import type { RequestHead } from "./head.js"

/**
 * Does the request expect something that is not `100-continue`? HTTP/1.0 has no expectations.
 *
 * @since 0.1.0
 * @category facts
 */
export const hasUnknownExpectation = (head: RequestHead): boolean =>
  head.versionMinor !== 0 && head.get("expect") !== undefined && !head.expectContinue
