/**
 * Requests a tunnel through a proxy, for clients (RFC 9110 §9.3.6). This file encodes the CONNECT request,
 * parses the response and reports one outcome. This file never closes the connection, because the connection
 * belongs to the caller.
 *
 * @since 0.1.0
 */
import { hostAndPort } from "../../model/address.js"
import type { Fault } from "../../model/fault.js"
import type { Refusal } from "../../model/refusal.js"
import type { RequestViolation } from "../../model/violation.js"
import type { EncodedHead } from "../send/encode.js"
import { encodeRequestHead } from "../send/encodeRequest.js"
import { Body, type ParserOptions } from "../receive/events.js"
import type { ResponseHead } from "../receive/head.js"
import { ResponseParser } from "../receive/parser.js"

/**
 * Returns the target of a CONNECT request (RFC 9112 §3.2.3). The target is `host:port`, with brackets around
 * an IPv6 address.
 *
 * @since 0.1.0
 * @category tunnels
 */
export const authorityOf = ({
  host,
  port
}: {
  /** An IPv6 address without brackets. */
  readonly host: string
  readonly port: number | string
}): string => hostAndPort(host, port)

/**
 * Encodes the head of the CONNECT request for a tunnel to `authority`. `headers` contains fields for the
 * proxy, as a flat list of names and values. Only `Host` is added to them.
 *
 * @since 0.1.0
 * @category tunnels
 */
export const encodeTunnelRequest = (
  authority: string,
  headers: ReadonlyArray<string>
): EncodedHead | RequestViolation =>
  encodeRequestHead({
    method: "CONNECT",
    target: authority,
    headers,
    host: authority,
    body: "none",
    keepAlive: true,
    defaults: false
  })

/**
 * The outcome of a request for a tunnel.
 *
 * - `Opened`: the connection is the tunnel; `rest` has the bytes already received through the tunnel
 * - `Refused`: the proxy's response is not 2xx; `authenticates` tells whether the status is 407, which means
 *   that credentials are missing or were rejected
 * - `BytesBehind`: bytes follow the head of a 2xx response too early to be from the other end of the tunnel
 * - `Malformed`: the parser refused the response
 * - `HangUp`: the proxy closed the connection before its response was complete
 * - `Failed`: the connection to the proxy failed
 *
 * @since 0.1.0
 * @category tunnels
 */
export type TunnelOutcome =
  | { readonly _tag: "Opened"; readonly rest: Uint8Array | undefined }
  | {
      readonly _tag: "Refused"
      /** The head of the proxy's response. */
      readonly head: ResponseHead
      readonly authenticates: boolean
    }
  | { readonly _tag: "BytesBehind" }
  | {
      readonly _tag: "Malformed"
      /** The parser's reason for rejecting the response. */
      readonly refusal: Refusal
    }
  | { readonly _tag: "HangUp" }
  | {
      readonly _tag: "Failed"
      /** The fault of the connection. */
      readonly fault: Fault
    }

/**
 * The treatment of bytes that arrive together with a 2xx response. With `refuse` the outcome is
 * `BytesBehind`, because a TLS server never sends first and so cannot have sent these bytes. With `keep` the
 * bytes are passed to TLS, as in Node.
 *
 * @since 0.1.0
 * @category tunnels
 */
export type BytesBehind = "refuse" | "keep"

/**
 * A parser for the response to CONNECT. Its methods are the handlers for the transport of the connection to
 * the proxy. The parser skips informational responses, reports one outcome, and ignores everything after the
 * outcome.
 *
 * @since 0.1.0
 * @category tunnels
 */
export class TunnelResponse {
  private onOutcome: ((outcome: TunnelOutcome) => void) | undefined
  private head: ResponseHead | undefined = undefined
  private readonly parser: ResponseParser

  constructor(
    onOutcome: (outcome: TunnelOutcome) => void,
    options: ParserOptions,
    private readonly bytesBehind: BytesBehind
  ) {
    this.onOutcome = onOutcome
    this.parser = new ResponseParser(
      {
        head: (head) => {
          if (head.status < 200) return Body.Read
          this.head = head
          return Body.Stop
        },
        data() {},
        complete() {}
      },
      options
    )
  }

  /** Stops waiting for the response. No outcome is reported afterwards. */
  cancel(): void {
    this.onOutcome = undefined
  }

  /** Called when bytes from the proxy have arrived. */
  data(chunk: Uint8Array): void {
    if (this.onOutcome === undefined) return
    const used = this.parser.execute(chunk)
    const { refusal } = this.parser
    if (this.head !== undefined) this.report(this.judge(this.head, chunk.subarray(used)))
    else if (refusal !== undefined) this.report({ _tag: "Malformed", refusal })
  }

  private judge(head: ResponseHead, rest: Uint8Array): TunnelOutcome {
    if (head.status >= 300) return { _tag: "Refused", head, authenticates: head.status === 407 }
    if (rest.length === 0) return { _tag: "Opened", rest: undefined }
    return this.bytesBehind === "keep" ? { _tag: "Opened", rest } : { _tag: "BytesBehind" }
  }

  /** Called when the proxy's FIN has arrived. */
  end(): void {
    this.report({ _tag: "HangUp" })
  }

  /** Does nothing. Only the request head is sent, so no writer waits for `drain`. */
  drain(): void {}

  /** Called when the connection has failed. */
  error(fault: Fault): void {
    this.report({ _tag: "Failed", fault })
  }

  /** Called when the connection has closed. */
  close(): void {
    this.report({ _tag: "HangUp" })
  }

  private report(outcome: TunnelOutcome): void {
    const { onOutcome } = this
    this.onOutcome = undefined
    onOutcome?.(outcome)
  }
}
