/**
 * A tunnel through a proxy (RFC 9110 §9.3.6), client side: encodes the CONNECT request and interprets the
 * response. Takes received bytes and reports one outcome; never closes the connection, because the connection
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
 * Joins host and port, with an IPv6 address in brackets: the target of CONNECT (RFC 9112 §3.2.3).
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
 * Encodes the request for a tunnel to `authority`. `headers` (flat list: name, value, ...) are fields for the
 * proxy.
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
    keepAlive: true
  })

/**
 * The outcome of a request for a tunnel:
 *
 * - `Opened`: the connection is the tunnel; `rest`: bytes already received through it
 * - `Refused`: the proxy's response is not 2xx; `authenticates`: the status is 407, so the proxy requires
 *   credentials or rejects the given ones
 * - `BytesBehind`: bytes follow a 2xx response, but the other end of the tunnel cannot have sent them
 * - `Malformed`: the parser refused the response
 * - `HangUp`: the proxy closed the connection
 * - `Failed`: the connection failed
 *
 * @since 0.1.0
 * @category tunnels
 */
export type TunnelOutcome =
  | { readonly _tag: "Opened"; readonly rest: Uint8Array | undefined }
  | {
      readonly _tag: "Refused"
      /** The proxy's response. */
      readonly head: ResponseHead
      readonly authenticates: boolean
    }
  | { readonly _tag: "BytesBehind" }
  | {
      readonly _tag: "Malformed"
      /** The refusal of the parser. */
      readonly refusal: Refusal
    }
  | { readonly _tag: "HangUp" }
  | {
      readonly _tag: "Failed"
      /** The fault of the connection. */
      readonly fault: Fault
    }

/**
 * How to treat bytes after a 2xx response. `refuse`: report `BytesBehind`, because a TLS server never sends
 * first and so cannot have sent these bytes. `keep`: pass the bytes to TLS, as Node does.
 *
 * @since 0.1.0
 * @category tunnels
 */
export type BytesBehind = "refuse" | "keep"

/**
 * Parses the response to CONNECT. The methods are the handlers of the connection to the proxy. Skips
 * informational responses, reports one outcome, and ignores everything after the outcome.
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

  /** Ends the wait: no outcome is reported any more. */
  cancel(): void {
    this.onOutcome = undefined
  }

  /** Called when bytes from the proxy were received. */
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

  /** Called when the FIN of the proxy was received. */
  end(): void {
    this.report({ _tag: "HangUp" })
  }

  /** Does nothing, because only the request is sent. */
  drain(): void {}

  /** Called when the connection has failed. */
  error(fault: Fault): void {
    this.report({ _tag: "Failed", fault })
  }

  /** Called when the connection is closed. */
  close(): void {
    this.report({ _tag: "HangUp" })
  }

  private report(outcome: TunnelOutcome): void {
    const { onOutcome } = this
    this.onOutcome = undefined
    onOutcome?.(outcome)
  }
}
