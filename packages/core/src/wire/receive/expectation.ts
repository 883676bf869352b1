/**
 * The `Expect` field of a request (RFC 9110 §10.1.1).
 *
 * @since 0.1.0
 */
import { hasElement, listElements, wordReader } from "../grammar/lists.js"

const known = "100-continue"

/** Returns whether this is the only known expectation, `100-continue`. */
export const isContinue = (expectation: string): boolean => expectation.toLowerCase() === known

/**
 * Returns whether the list of an `Expect` value contains `100-continue`.
 *
 * @since 0.1.0
 * @category facts
 */
export const asksToContinue = (value: string): boolean => hasElement(value, known)

/**
 * The expectation of a request. `continue`: the only expectation is 100-continue, or, by Node's policy, the
 * value contains that word.
 *
 * @since 0.1.0
 * @category facts
 */
export type Expectation = "none" | "continue" | "unknown"

const saysContinue = wordReader(known)

/**
 * The status of the response to an unknown expectation that no handler handles (RFC 9110 §10.1.1).
 *
 * @since 0.1.0
 * @category facts
 */
export const expectationFailed = 417

/**
 * Interprets `Expect` (its values joined by commas) of a request of HTTP/1.`versionMinor`; HTTP/1.0 has no
 * expectations. `list`: the value is a list, as in RFC 9110; `word`: the word may be anywhere in the value,
 * as in Node.
 *
 * @since 0.1.0
 * @category facts
 */
export const expectationOf = (
  versionMinor: number,
  value: string | undefined,
  reading: "list" | "word"
): Expectation => {
  if (versionMinor === 0 || value === undefined) return "none"
  if (reading === "word") return saysContinue(value) ? "continue" : "unknown"
  const expectations = listElements(value)
  if (expectations.length === 0) return "none"
  return expectations.every(isContinue) ? "continue" : "unknown"
}

/**
 * Returns whether the request has an expectation other than `100-continue`.
 *
 * @since 0.1.0
 * @category facts
 */
export const hasUnknownExpectation = (head: {
  readonly versionMinor: number
  elements(lowerName: string): ReadonlyArray<string>
}): boolean => expectationOf(head.versionMinor, head.elements("expect").join(","), "list") === "unknown"
