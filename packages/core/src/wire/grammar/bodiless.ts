/**
 * Which messages have no content, by method and status (RFC 9110 §6.4.1, §9.3, §15.2, §15.3.5, §15.4.5).
 */

/**
 * 204 (No Content) and 304 (Not Modified): final responses whose content is never sent.
 *
 * @since 0.1.0
 * @category facts
 */
export const hasNoContent = (status: number): boolean => status === 204 || status === 304

/**
 * 1xx, 204 and 304.
 *
 * @since 0.1.0
 * @category facts
 */
export const isBodiless = (status: number): boolean => (status >= 100 && status < 200) || hasNoContent(status)

/**
 * 1xx but 101: the exchange goes on behind it.
 *
 * @since 0.1.0
 * @category facts
 */
export const isInformational = (status: number): boolean => status >= 100 && status < 200 && status !== 101

/**
 * Does this response switch protocols: 101, or 2xx to CONNECT? What follows its head is not HTTP.
 *
 * @since 0.1.0
 * @category facts
 */
export const switchesProtocols = (method: string, status: number): boolean =>
  status === 101 || (method === "CONNECT" && status >= 200 && status < 300)

// Node documentation, http.request.
const withoutContent = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"])

/**
 * Has content no defined meaning in requests with this method? Without content they send no framing fields
 * (RFC 9110 §8.6).
 *
 * @since 0.1.0
 * @category facts
 */
export const isBodilessMethod = (method: string): boolean => withoutContent.has(method)
