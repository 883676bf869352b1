/**
 * Which statuses have no content (RFC 9110 §6.4.1, §15.2, §15.3.5, §15.4.5).
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
