/**
 * What a request expects of its server before it goes on (RFC 9110 §10.1.1).
 *
 * @since 0.1.0
 */
import { listElements } from "./lists.js"

/** The one expectation that is known. */
export const isContinue = (expectation: string): boolean => expectation.toLowerCase() === "100-continue"

/**
 * Is `100-continue` in the list that an `Expect` value is?
 *
 * @since 0.1.0
 * @category facts
 */
export const asksToContinue = (value: string): boolean => listElements(value).some(isContinue)

/**
 * Does the request expect something that is not `100-continue`? HTTP/1.0 has no expectations.
 *
 * @since 0.1.0
 * @category facts
 */
export const hasUnknownExpectation = (head: {
  readonly versionMinor: number
  elements(lowerName: string): ReadonlyArray<string>
}): boolean =>
  head.versionMinor !== 0 && head.elements("expect").some((expectation) => !isContinue(expectation))
