/**
 * Interprets the `Expect` field of a request (RFC 9110 §10.1.1).
 *
 * @since 0.1.0
 */
import { hasElement, listElements, wordReader } from "../grammar/lists.js"

const known = "100-continue"

/** Returns whether the expectation is `100-continue`, which is the only known expectation. */
export const isContinue = (expectation: string): boolean => expectation.toLowerCase() === known

/**
 * Returns whether an `Expect` value, read as a list, contains `100-continue`.
 *
 * @since 0.1.0
 * @category facts
 */
export const asksToContinue = (value: string): boolean => hasElement(value, known)

/**
 * The expectation of a request. `continue` means that `100-continue` is the only expectation. With the
 * reading `word` of `expectationOf`, `continue` means that the value contains `100-continue`.
 *
 * @since 0.1.0
 * @category facts
 */
export type Expectation = "none" | "continue" | "unknown"

const saysContinue = wordReader(known)

/**
 * The status of a server's response to an unknown expectation (RFC 9110 §10.1.1).
 *
 * @since 0.1.0
 * @category facts
 */
export const expectationFailed = 417

/**
 * Returns the expectation of a request. `versionMinor` is the minor version of the request, and HTTP/1.0
 * requests have no expectations. `value` is the value of `Expect`; several values are joined by commas.
 *
 * The reading `list` reads the value as a list, as in RFC 9110. The reading `word` searches the value for
 * `100-continue` anywhere, as Node does.
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
 * Returns whether the request has an unknown expectation, which is any expectation but `100-continue`.
 *
 * @since 0.1.0
 * @category facts
 */
export const hasUnknownExpectation = (head: {
  readonly versionMinor: number
  elements(lowerName: string): ReadonlyArray<string>
}): boolean => expectationOf(head.versionMinor, head.elements("expect").join(","), "list") === "unknown"
