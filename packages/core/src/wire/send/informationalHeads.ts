/**
 * The heads of 100 (Continue) and 102 (Processing). These heads contain no fields (RFC 9110 §15.2.1, RFC 2518
 * §10.1).
 */

/**
 * The head of a 100 (Continue) response.
 *
 * @since 0.1.0
 * @category encoders
 */
export const continueHead = "HTTP/1.1 100 Continue\r\n\r\n"

/**
 * The head of a 102 (Processing) response.
 *
 * @since 0.1.0
 * @category encoders
 */
export const processingHead = "HTTP/1.1 102 Processing\r\n\r\n"
