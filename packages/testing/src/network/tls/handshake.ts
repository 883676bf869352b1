/**
 * A simulated TLS handshake over any transport. Each end sends a hello, and then the client sends a final
 * message. Later bytes pass unchanged and unencrypted.
 *
 * Each message is JSON in a record with the header of TLS (RFC 8446 §5.1), so that both ends can detect a
 * peer without TLS.
 */
import * as Effect from "effect/Effect"
import * as HttpError from "@httpfx/core/HttpError"
import * as Network from "@httpfx/core/Network"
import { sniName } from "@httpfx/core/pool"
import { formatAddress, type Fault, type Transport } from "@httpfx/core/Transport"
import { concat } from "../bytes.js"
import { describedFacts, shown } from "./describedFacts.js"
import { SecuredTransport } from "./securedTransport.js"
import { distrust, misnamed, readOwn, type Certificate, type Objection } from "./text.js"

type Result = Effect.Effect<Transport, HttpError.TlsFailure | HttpError.ConnectionReset | HttpError.HangUp>

interface Hello {
  readonly name?: string | undefined
  readonly alpn: ReadonlyArray<string>
}
interface Answer {
  readonly alpn?: string | undefined
  readonly certificate: Certificate
  readonly wantsCertificate: boolean
}
interface Last {
  readonly certificate?: Certificate | undefined
}

const HANDSHAKE = 22
const ALERT = 21
const header = 5

const record = (type: number, content: unknown): Uint8Array => {
  const body = new TextEncoder().encode(JSON.stringify(content))
  const bytes = new Uint8Array(header + body.length)
  bytes.set([type, 3, 3, body.length >> 8, body.length & 255])
  bytes.set(body, header)
  return bytes
}

const notTls: Objection = { code: "ERR_SSL_WRONG_VERSION_NUMBER", reason: "wrong version number" }
const plainHttp: Objection = { code: "ERR_SSL_HTTP_REQUEST", reason: "http request" }
const noCertificate: Objection = { code: "ERR_SSL_NO_SHARED_CIPHER", reason: "no shared cipher" }
const noProtocol: Objection = {
  code: "ERR_SSL_NO_APPLICATION_PROTOCOL",
  reason: "no application protocol in common"
}
const noClient: Objection = {
  code: "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE",
  reason: "peer did not return a certificate"
}
const alerts: Readonly<Record<string, Objection>> = {
  ERR_SSL_NO_SHARED_CIPHER: {
    code: "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
    reason: "sslv3 alert handshake failure"
  },
  ERR_SSL_NO_APPLICATION_PROTOCOL: {
    code: "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
    reason: "tlsv1 alert no application protocol"
  }
}

class Handshake {
  private received: Uint8Array = new Uint8Array(0)
  private over = false
  /** The reason for our alert. Set while the alert is being sent. */
  private objected: Objection | undefined
  private greeted = false
  private alpnProtocol: string | undefined
  /** The server name that the client sent. */
  private serverName: string | undefined
  private own: Certificate | Objection | undefined

  constructor(
    private readonly transport: Transport,
    private readonly options: Network.TlsOptions,
    private readonly now: () => number,
    private readonly done: (result: Result) => void
  ) {
    this.own = options.cert === undefined ? undefined : readOwn(options.cert, options.key)
  }

  begin(): void {
    const { options, own, transport } = this
    if (own !== undefined && "code" in own) return this.fail(own)
    transport.start({
      data: (chunk) => this.data(chunk),
      end: () => this.gone(),
      drain: () => {},
      error: (fault) => this.broken(fault),
      close: () => this.gone()
    })
    if (options.role === "server") return
    const hello: Hello = { name: options.serverName, alpn: options.alpn ?? ["http/1.1"] }
    transport.write(record(HANDSHAKE, hello))
  }

  giveUp(): void {
    this.over = true
    this.transport.reset()
  }

  private data(chunk: Uint8Array): void {
    if (this.over) return
    if (this.objected !== undefined) return this.fail(this.objected)
    this.received = this.received.length === 0 ? chunk : concat([this.received, chunk])
    const [type, major] = this.received
    const client = this.options.role === "client"
    if ((type !== HANDSHAKE && type !== ALERT) || (major !== undefined && major !== 3)) {
      // As OpenSSL does, report plain HTTP if the first byte is an upper-case letter.
      return this.fail(!client && type! >= 65 && type! <= 90 ? plainHttp : notTls)
    }
    if (this.received.length < header) return
    const end = header + this.received[3]! * 256 + this.received[4]!
    if (this.received.length < end) return
    const content: unknown = JSON.parse(new TextDecoder().decode(this.received.subarray(header, end)))
    this.received = this.received.subarray(end)
    if (type === ALERT) return this.fail(alerts[String(content)] ?? notTls)
    if (client) this.answered(content as Answer)
    else if (this.greeted) this.finished(content as Last)
    else this.hello(content as Hello)
  }

  // ---- the client's side
  private answered({ alpn, certificate, wantsCertificate }: Answer): void {
    const { ca, rejectUnauthorized = true, serverName } = this.options
    const objected = distrust(certificate, ca, this.now()) ?? this.judge(certificate)
    if (rejectUnauthorized && objected !== undefined) return this.fail(objected)
    const last: Last = wantsCertificate ? { certificate: this.own as Certificate | undefined } : {}
    this.transport.write(record(HANDSHAKE, last))
    this.alpnProtocol = alpn
    this.serverName = serverName
    this.succeed(certificate, objected)
  }

  private judge(certificate: Certificate): Objection | undefined {
    const { checkServerIdentity, serverName } = this.options
    if (checkServerIdentity === undefined) return misnamed(certificate, serverName)
    const error = checkServerIdentity(serverName ?? "localhost", shown(certificate))
    if (error === undefined) return undefined
    const { code = "ERR_TLS_HANDSHAKE", message } = error as Error & { readonly code?: string }
    return { code, reason: message }
  }

  // ---- the server's side
  private hello({ alpn, name }: Hello): void {
    const { options } = this
    const asked = Network.certificateName(options, name)
    if (asked !== undefined) {
      const { cert, key } = options.certificates![asked]!
      const found = readOwn(cert, key)
      if ("code" in found) return this.fail(found)
      this.own = found
    }
    const { own } = this
    if (own === undefined) return this.object(noCertificate)
    const offered = options.alpn ?? ["http/1.1"]
    const agreed = offered.find((protocol) => alpn.includes(protocol))
    if (alpn.length > 0 && agreed === undefined) return this.object(noProtocol)
    this.greeted = true
    this.alpnProtocol = agreed
    this.serverName = name
    const wantsCertificate = options.requestCert ?? false
    this.transport.write(record(HANDSHAKE, { alpn: agreed, certificate: own, wantsCertificate }))
    // Bytes after the hello belong to the next message, so parse them now.
    if (this.received.length > 0) this.data(new Uint8Array(0))
  }

  private finished({ certificate }: Last): void {
    const { ca, rejectUnauthorized = true, requestCert } = this.options
    if (requestCert !== true) return this.succeed(undefined, undefined)
    const refused = certificate === undefined ? noClient : distrust(certificate, ca, this.now())
    if (rejectUnauthorized && refused !== undefined) return this.fail(refused)
    this.succeed(certificate, refused)
  }

  private succeed(certificate: Certificate | undefined, objected: Objection | undefined): void {
    this.over = true
    this.transport.pause()
    const rest = this.received.length === 0 ? undefined : this.received
    const { alpnProtocol, serverName } = this
    const facts = describedFacts({ alpnProtocol, serverName, certificate, objected })
    const { requireCloseNotify = true, role } = this.options
    const strict = role === "client" && requireCloseNotify
    this.done(Effect.succeed(new SecuredTransport(this.transport, rest, facts, strict)))
  }

  // Sends an alert and FIN, and waits until the peer closes. An immediate reset could make the peer lose the
  // alert.
  private object(why: Objection): void {
    this.objected = why
    this.transport.write(record(ALERT, why.code))
    this.transport.end()
  }

  private get facts() {
    const { remote } = this.transport
    return { phase: "secure" as const, address: remote === undefined ? undefined : formatAddress(remote) }
  }

  private fail(why: Objection): void {
    if (this.over) return
    this.giveUp()
    this.done(Effect.fail(new HttpError.TlsFailure({ ...this.facts, ...why })))
  }

  private broken({ code, message }: Fault): void {
    if (this.over) return
    if (this.objected !== undefined) return this.fail(this.objected)
    if (code !== "ECONNRESET" && code !== "EPIPE") return this.fail({ code, reason: message })
    this.giveUp()
    this.done(Effect.fail(new HttpError.ConnectionReset({ ...this.facts, reason: message })))
  }

  private gone(): void {
    if (this.over) return
    if (this.objected !== undefined) return this.fail(this.objected)
    this.giveUp()
    const reason = "the connection was closed before TLS was established"
    this.done(Effect.fail(new HttpError.HangUp({ ...this.facts, reason })))
  }
}

/**
 * Creates `Network.secure` for the certificates of `MemoryTls`. `now` returns the time at which their
 * validity is checked.
 */
export const secureWith =
  (now: () => number): Network.Service["secure"] =>
  (transport, given) =>
    Effect.async((resume) => {
      const { serverName } = given
      const options = serverName === undefined ? given : { ...given, serverName: sniName(serverName) }
      let settled = false
      const handshake = new Handshake(transport, options, now, (result) => {
        settled = true
        resume(result)
      })
      handshake.begin()
      return Effect.sync(() => {
        if (!settled) handshake.giveUp()
      })
    })

/**
 * Checks that the certificates and keys come from `MemoryTls`, and that each key belongs to its certificate.
 */
export const checkTls: NonNullable<Network.Service["checkTls"]> = ({ cert, certificates = {}, key }) => {
  const own = cert === undefined ? [] : [{ cert, key }]
  for (const each of [...own, ...Object.values(certificates)]) {
    const read = readOwn(each.cert, each.key)
    if ("code" in read) return Effect.fail(new HttpError.TlsFailure({ phase: "secure", ...read }))
  }
  return Effect.void
}
