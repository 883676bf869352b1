/**
 * Determines which messages have no content, by method and status (RFC 9110 §6.4.1, §9.3, §15.2, §15.3.5,
 * §15.4.5).
 */

/**
 * Returns whether a final status is 204 (No Content) or 304 (Not Modified), so that the response never has
 * content.
 *
 * @since 0.1.0
 * @category facts
 */
export const hasNoContent = (status: number): boolean => status === 204 || status === 304

/**
 * Returns whether a status is 1xx, 204 or 304, so that the response never has content.
 *
 * @since 0.1.0
 * @category facts
 */
export const isBodiless = (status: number): boolean => (status >= 100 && status < 200) || hasNoContent(status)

/**
 * Returns whether the status is a 1xx other than 101, after which the exchange continues.
 *
 * @since 0.1.0
 * @category facts
 */
export const isInformational = (status: number): boolean => status >= 100 && status < 200 && status !== 101

/**
 * Returns whether a response is a 101, or a 2xx to CONNECT, and thus switches protocols. The bytes after the
 * head of such a response are not HTTP.
 *
 * @since 0.1.0
 * @category facts
 */
export const switchesProtocols = (method: string, status: number): boolean =>
  status === 101 || (method === "CONNECT" && status >= 200 && status < 300)

// The methods for which Node's `http.request` sends no framing fields by default.
const withoutContent = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"])

/**
 * Returns whether content has no defined meaning in requests with this method. A request with such a method
 * and without content is sent without framing fields (RFC 9110 §8.6).
 *
 * @since 0.1.0
 * @category facts
 */
export const isBodilessMethod = (method: string): boolean => withoutContent.has(method)
