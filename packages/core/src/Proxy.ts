/**
 * Chooses the proxy of a request, from options or from the environment variables that curl reads.
 *
 * An `http:` request is sent to the proxy in absolute-form (RFC 9112 §3.2.2). An `https:` request or an
 * upgrade goes through a tunnel (`CONNECT`, RFC 9110 §9.3.6). The choice depends only on the name and the
 * port of the target, because this module resolves no names. SOCKS is not supported, so requests for a SOCKS
 * proxy fail with `InvalidProtocol`.
 *
 * @since 0.1.0
 */

export * from "./internal/client/proxies.js"
