/**
 * Heads of 100 (Continue) and 102 (Processing), which carry no fields (RFC 9110 §15.2.1, RFC 2518 §10.1).
 */

/**
 * 100 (Continue).
 *
 * @since 0.1.0
 * @category encoders
 */
export const continueHead = "HTTP/1.1 100 Continue\r\n\r\n"

/**
 * 102 (Processing).
 *
 * @since 0.1.0
 * @category encoders
 */
export const processingHead = "HTTP/1.1 102 Processing\r\n\r\n"
