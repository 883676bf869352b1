/**
 * Informational answers that are always the same (RFC 9110 §15.2.1, RFC 2518 §10.1). The others are encoded by `wire/`.
 */

export const continueHead = "HTTP/1.1 100 Continue\r\n\r\n"

export const processingHead = "HTTP/1.1 102 Processing\r\n\r\n"
