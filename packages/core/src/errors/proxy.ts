/**
 * Errors for CONNECT requests that a proxy refused, and for headers of the PROXY protocol. `HttpError`
 * exports all of these errors.
 */
import * as Schema from "effect/Schema"
import { TaggedError } from "./tagged.js"

// Fields from a proxy's response to CONNECT.
const proxyFields = {
  /** The proxy, as `host:port`. */
  proxy: Schema.String,
  /** The other end of the tunnel, as `host:port`. */
  target: Schema.String,
  status: Schema.Number,
  statusMessage: Schema.String,
  /** Field lines as received, in the form name, value, name, value, ... */
  rawHeaders: Schema.Array(Schema.String)
}

/**
 * A proxy did not open the requested tunnel. Its response to `CONNECT` had a status outside 2xx. No byte of
 * the request was sent.
 *
 * @since 0.1.0
 * @category connection
 */
export class ProxyRefused extends TaggedError<ProxyRefused>("@httpfx/core/ProxyRefused")(
  "ProxyRefused",
  proxyFields
) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_PROXY_REFUSED"
  /** The phase of the request in which the error occurred. */
  readonly phase = "connect"
  /** Always `false`, because there was no connection to the target yet. */
  readonly reused = false
  /** Always `none`, because no byte of the request was sent. */
  readonly written = "none"
  /** Always 0, because no byte of a response was received. */
  readonly received = 0
  override get message(): string {
    return `the proxy ${this.proxy} refused a tunnel to ${this.target}: ${this.status} ${this.statusMessage}`
  }
}

/**
 * A proxy answered `CONNECT` with 407, because credentials were missing or rejected. `rawHeaders` contains
 * the proxy's `Proxy-Authenticate`. If a proxy forwards a request without a tunnel, a 407 is an ordinary
 * response and not this error.
 *
 * @since 0.1.0
 * @category connection
 */
export class ProxyAuthenticationRequired extends TaggedError<ProxyAuthenticationRequired>(
  "@httpfx/core/ProxyAuthenticationRequired"
)("ProxyAuthenticationRequired", proxyFields) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_PROXY_AUTHENTICATION"
  /** The phase of the request in which the error occurred. */
  readonly phase = "connect"
  /** Always `false`, because there was no connection to the target yet. */
  readonly reused = false
  /** Always `none`, because no byte of the request was sent. */
  readonly written = "none"
  /** Always 0, because no byte of a response was received. */
  readonly received = 0
  override get message(): string {
    return `the proxy ${this.proxy} requires credentials for a tunnel to ${this.target}`
  }
}

/**
 * A connection was reset because its header of the PROXY protocol was refused (`ProxyProtocol`).
 *
 * @since 0.1.0
 * @category protocol
 */
export class ProxyHeaderRefused extends TaggedError<ProxyHeaderRefused>("@httpfx/core/ProxyHeaderRefused")(
  "ProxyHeaderRefused",
  {
    /**
     * - `NotTrusted`: the peer may not connect
     * - `Malformed`: the first bytes are not a header, or not a valid one
     * - `TooLong`: the header exceeds the maximum size
     * - `Truncated`: the connection ended within the header
     * - `Late`: the header did not arrive in time
     */
    problem: Schema.Literal("NotTrusted", "Malformed", "TooLong", "Truncated", "Late"),
    /** The problem, in words. */
    reason: Schema.String,
    /** The address of the peer, as `host:port` or as a path. */
    address: Schema.optional(Schema.String),
    /** Number of bytes received. */
    received: Schema.Number
  }
) {
  /** Our own error code, because Node has no code for this error. */
  readonly code = "ERR_HTTPFX_PROXY_HEADER"
  override get message(): string {
    return `PROXY header refused: ${this.reason}`
  }
}
