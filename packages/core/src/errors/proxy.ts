/**
 * CONNECT requests that a proxy refused. Part of `HttpError`.
 */
import * as Schema from "effect/Schema"

// Fields from a proxy's response to CONNECT.
const proxyFields = {
  /** `host:port` of the proxy. */
  proxy: Schema.String,
  /** `host:port` of the tunnel's other end. */
  target: Schema.String,
  status: Schema.Number,
  statusMessage: Schema.String,
  /** Flat list: name, value, name, value, ... as received. */
  rawHeaders: Schema.Array(Schema.String)
}

/**
 * A proxy did not open the requested tunnel (`CONNECT`): its response was not 2xx. No byte of the request was
 * sent.
 *
 * @since 0.1.0
 * @category connection
 */
export class ProxyRefused extends Schema.TaggedError<ProxyRefused>("@httpfx/core/ProxyRefused")(
  "ProxyRefused",
  proxyFields
) {
  /** Ours: Node has no code for this. */
  readonly code = "ERR_HTTPFX_PROXY_REFUSED"
  /** The phase of the request. */
  readonly phase = "connect"
  /** There was no connection yet. */
  readonly reused = false
  /** No byte of the request was sent. */
  readonly written = "none"
  /** No byte of a response was received. */
  readonly received = 0
  override get message(): string {
    return `the proxy ${this.proxy} refused a tunnel to ${this.target}: ${this.status} ${this.statusMessage}`
  }
}

/**
 * A proxy requires credentials, or different ones (407), before it opens a tunnel. `rawHeaders` contains its
 * `Proxy-Authenticate`. For a request that a proxy forwards, 407 is an ordinary response.
 *
 * @since 0.1.0
 * @category connection
 */
export class ProxyAuthenticationRequired extends Schema.TaggedError<ProxyAuthenticationRequired>(
  "@httpfx/core/ProxyAuthenticationRequired"
)("ProxyAuthenticationRequired", proxyFields) {
  /** Ours: Node has no code for this. */
  readonly code = "ERR_HTTPFX_PROXY_AUTHENTICATION"
  /** The phase of the request. */
  readonly phase = "connect"
  /** There was no connection yet. */
  readonly reused = false
  /** No byte of the request was sent. */
  readonly written = "none"
  /** No byte of a response was received. */
  readonly received = 0
  override get message(): string {
    return `the proxy ${this.proxy} requires credentials for a tunnel to ${this.target}`
  }
}
