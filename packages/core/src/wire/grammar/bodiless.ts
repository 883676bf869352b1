/**
 * Messages without content, by method and status (RFC 9110 §6.4.1, §9.3, §15.2, §15.3.5, §15.4.5).
 */

/**
 * 204 (No Content) and 304 (Not Modified): final responses whose content is never sent.
 *
 * @since 0.1.0
 * @category facts
 */
export const hasNoContent = (status: number): boolean => status === 204 || status === 304

/**
 * 1xx, 204 and 304: responses without content by their status.
 *
 * @since 0.1.0
 * @category facts
 */
export const isBodiless = (status: number): boolean => (status >= 100 && status < 200) || hasNoContent(status)

/**
 * 1xx other than 101: the exchange continues after it.
 *
 * @since 0.1.0
 * @category facts
 */
export const isInformational = (status: number): boolean => status >= 100 && status < 200 && status !== 101

/**
 * Whether this response switches protocols: 101, or 2xx to CONNECT. The bytes after its head are not HTTP.
 *
 * @since 0.1.0
 * @category facts
 */
export const switchesProtocols = (method: string, status: number): boolean =>
  status === 101 || (method === "CONNECT" && status >= 200 && status < 300)

// Node documentation, http.request.
const withoutContent = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"])

/**
 * Whether content has no defined meaning in requests with this method. Such a request without content sends
 * no framing fields (RFC 9110 §8.6).
 *
 * @since 0.1.0
 * @category facts
 */
export const isBodilessMethod = (method: string): boolean => withoutContent.has(method)
