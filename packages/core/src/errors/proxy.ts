/**
 * Responses to CONNECT that open no tunnel. Part of `HttpError`.
 */
import * as Schema from "effect/Schema"

// What a proxy's answer to CONNECT tells.
const proxyFields = {
  /** `host:port` of the proxy. */
  proxy: Schema.String,
  /** `host:port` that the tunnel was to lead to. */
  target: Schema.String,
  status: Schema.Number,
  statusMessage: Schema.String,
  /** Flat: name, value, name, value, ... as received. */
  rawHeaders: Schema.Array(Schema.String)
}

/**
 * A proxy did not open the tunnel it was asked for (`CONNECT`): its answer was not a success. Nothing of the
 * request has been sent.
 *
 * @since 0.1.0
 * @category connection
 */
export class ProxyRefused extends Schema.TaggedError<ProxyRefused>("@httpfx/core/ProxyRefused")(
  "ProxyRefused",
  proxyFields
) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_PROXY_REFUSED"
  /** Where in the life of a request it happens. */
  readonly phase = "connect"
  /** The connection had served no exchange: it was not there yet. */
  readonly reused = false
  /** Nothing of the request was sent. */
  readonly written = "none"
  /** Nothing of an answer had come. */
  readonly received = 0
  override get message(): string {
    return `the proxy ${this.proxy} refused a tunnel to ${this.target}: ${this.status} ${this.statusMessage}`
  }
}

/**
 * A proxy wants credentials, or others (407), before it opens a tunnel. `rawHeaders` has its
 * `Proxy-Authenticate`. A 407 to a request that a proxy forwards is a response like any other.
 *
 * @since 0.1.0
 * @category connection
 */
export class ProxyAuthenticationRequired extends Schema.TaggedError<ProxyAuthenticationRequired>(
  "@httpfx/core/ProxyAuthenticationRequired"
)("ProxyAuthenticationRequired", proxyFields) {
  /** Ours: Node has none for it. */
  readonly code = "ERR_HTTPFX_PROXY_AUTHENTICATION"
  /** Where in the life of a request it happens. */
  readonly phase = "connect"
  /** The connection had served no exchange: it was not there yet. */
  readonly reused = false
  /** Nothing of the request was sent. */
  readonly written = "none"
  /** Nothing of an answer had come. */
  readonly received = 0
  override get message(): string {
    return `the proxy ${this.proxy} wants credentials for a tunnel to ${this.target}`
  }
}
