/**
 * What a request expects of its server before it goes on (RFC 9110 §10.1.1).
 *
 * @since 0.1.0
 */
import { hasElement, listElements, wordReader } from "../grammar/lists.js"

const known = "100-continue"

/** The one expectation that is known. */
export const isContinue = (expectation: string): boolean => expectation.toLowerCase() === known

/**
 * Is `100-continue` in the list that an `Expect` value is?
 *
 * @since 0.1.0
 * @category facts
 */
export const asksToContinue = (value: string): boolean => hasElement(value, known)

/**
 * What a request expects: `continue` is 100-continue alone, or by Node's policy any value with that word.
 *
 * @since 0.1.0
 * @category facts
 */
export type Expectation = "none" | "continue" | "unknown"

const saysContinue = wordReader(known)

/**
 * The status for an unknown expectation that no handler answers (RFC 9110 §10.1.1).
 *
 * @since 0.1.0
 * @category facts
 */
export const expectationFailed = 417

/**
 * Reads `Expect` (its values joined by commas) of a request of HTTP/1.`versionMinor`; HTTP/1.0 has no
 * expectations. `list` reads it as RFC 9110 does; `word` as Node, which looks for the word anywhere.
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
 * Does the request expect something that is not `100-continue`?
 *
 * @since 0.1.0
 * @category facts
 */
export const hasUnknownExpectation = (head: {
  readonly versionMinor: number
  elements(lowerName: string): ReadonlyArray<string>
}): boolean => expectationOf(head.versionMinor, head.elements("expect").join(","), "list") === "unknown"
