/**
 * A tunnel through a proxy (RFC 9110 §9.3.6), from the client's side: what is asked, and what the proxy's
 * response means. Bytes in, one outcome out; never closes the connection, which is its owner's.
 *
 * @since 0.1.0
 */
import type { Fault } from "../../model/fault.js"
import type { Refusal } from "../../model/refusal.js"
import type { RequestViolation } from "../../model/violation.js"
import type { EncodedHead } from "../send/encode.js"
import { encodeRequestHead } from "../send/encodeRequest.js"
import { Body, type ParserOptions } from "../receive/events.js"
import type { ResponseHead } from "../receive/head.js"
import { ResponseParser } from "../receive/parser.js"

/**
 * Host and port as one text, an IPv6 address in brackets: the target of CONNECT (RFC 9112 §3.2.3).
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
}): string => `${host.includes(":") ? `[${host}]` : host}:${port}`

/**
 * The request for a tunnel to `authority`. `headers` are for the proxy, flat.
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
 * What became of the request for a tunnel:
 *
 * - `Opened`: the connection is the tunnel; `rest` came through it already
 * - `Refused`: the proxy's response is no success; it wants credentials, or others (407), if `authenticates`
 * - `BytesBehind`: bytes behind a success, which nobody on the other side can have sent
 * - `Malformed`: no HTTP response
 * - `HangUp`: the proxy ended or closed the connection
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
      /** The parser's. */
      readonly refusal: Refusal
    }
  | { readonly _tag: "HangUp" }
  | {
      readonly _tag: "Failed"
      /** The connection's. */
      readonly fault: Fault
    }

/**
 * What bytes behind a success mean. `refuse`: under TLS the server says nothing before its client does, so
 * they are not its own. `keep`: as Node, which leaves them to TLS.
 *
 * @since 0.1.0
 * @category tunnels
 */
export type BytesBehind = "refuse" | "keep"

/**
 * The response to CONNECT, as handlers of a connection to the proxy. Informational responses are skipped.
 * Tells its outcome once, and ignores what comes behind it.
 *
 * @since 0.1.0
 * @category tunnels
 */
export class TunnelResponse {
  private told: ((outcome: TunnelOutcome) => void) | undefined
  private head: ResponseHead | undefined = undefined
  private readonly parser: ResponseParser

  constructor(
    told: (outcome: TunnelOutcome) => void,
    options: ParserOptions,
    private readonly bytesBehind: BytesBehind
  ) {
    this.told = told
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

  /** Nobody waits for it any more. */
  cancel(): void {
    this.told = undefined
  }

  /** Bytes of the proxy's. */
  data(chunk: Uint8Array): void {
    if (this.told === undefined) return
    const used = this.parser.execute(chunk)
    const { refusal } = this.parser
    if (this.head !== undefined) this.tell(this.judge(this.head, chunk.subarray(used)))
    else if (refusal !== undefined) this.tell({ _tag: "Malformed", refusal })
  }

  private judge(head: ResponseHead, rest: Uint8Array): TunnelOutcome {
    if (head.status >= 300) return { _tag: "Refused", head, authenticates: head.status === 407 }
    if (rest.length === 0) return { _tag: "Opened", rest: undefined }
    return this.bytesBehind === "keep" ? { _tag: "Opened", rest } : { _tag: "BytesBehind" }
  }

  /** The proxy sends no more. */
  end(): void {
    this.tell({ _tag: "HangUp" })
  }

  /** Of no interest: nothing is sent but the request. */
  drain(): void {}

  /** The connection has failed. */
  error(fault: Fault): void {
    this.tell({ _tag: "Failed", fault })
  }

  /** The connection is closed. */
  close(): void {
    this.tell({ _tag: "HangUp" })
  }

  private tell(outcome: TunnelOutcome): void {
    const { told } = this
    this.told = undefined
    told?.(outcome)
  }
}
