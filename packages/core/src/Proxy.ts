/**
 * Chooses the proxy of a request, from options or from the environment variables that curl reads.
 *
 * An `http:` request goes to the proxy itself (RFC 9112 §3.2.2); `https:` and upgrades use a tunnel
 * (`CONNECT`, RFC 9110 §9.3.6). Decides by name and port alone; resolves nothing and connects nothing. SOCKS
 * is not supported: requests for a SOCKS proxy fail with `InvalidProtocol`.
 *
 * @since 0.1.0
 */

export * from "./internal/client/proxies.js"
