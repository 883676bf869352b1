/**
 * Observes how the process uses the real network: connections, listeners, lookups, datagram sockets and
 * `fetch` requests. Records each use when it begins. Never blocks a use.
 *
 * On connections that were opened before the observation, only requests of `fetch` are detected (Node
 * documentation: diagnostics_channel; undici: DiagnosticsChannel).
 */
import { formatAddress, tcp, unix, type Address } from "@httpfx/core/Transport"
import { builtin, hooks } from "../../time/fast/asyncHooks.js"
import { queueMicrotask } from "../../time/realTime.js"

export type Kind = "connect" | "listen" | "lookup" | "datagram" | "fetch"

export interface RealUse {
  readonly kind: Kind
  /**
   * The target of the use: an address (`api.stripe.com:443`), a name, a path, or the method and URL of a
   * `fetch` request.
   */
  readonly target: string
  /** Stack trace of the call that began the use, one frame per string. */
  readonly stack: ReadonlyArray<string>
  /** The names of the peer. Patterns are matched against them. */
  readonly names: ReadonlyArray<string>
  readonly address: Address | undefined
}

interface Resource {
  readonly address?: string
  readonly port?: number
  readonly hostname?: string
  readonly pipe?: string
  readonly getsockname?: (out: { address?: string; port?: number }) => number
  oncomplete?: (this: unknown, error: unknown, found: unknown, ...rest: Array<unknown>) => unknown
}
interface Request {
  readonly method: string
  readonly origin: string | URL
  readonly path: string
}
interface Channels {
  subscribe(name: string, listener: (message: unknown) => void): void
  unsubscribe(name: string, listener: (message: unknown) => void): void
}

const kinds: Readonly<Record<string, Kind>> = {
  TCPCONNECTWRAP: "connect",
  PIPECONNECTWRAP: "connect",
  TCPSERVERWRAP: "listen",
  PIPESERVERWRAP: "listen",
  GETADDRINFOREQWRAP: "lookup",
  GETNAMEINFOREQWRAP: "lookup",
  QUERYWRAP: "lookup",
  UDPWRAP: "datagram"
}

const stackHere = (): ReadonlyArray<string> =>
  (new Error().stack ?? "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("at ") && !/\(?node:|async_hooks|realSockets/.test(line))
    .slice(0, 5)

export class RealSockets {
  private readonly uses: Array<RealUse> = []
  /** Maps an address to the names whose lookups returned this address. */
  private readonly names = new Map<string, Set<string>>()
  /** Maps the async id of a handle to the stack trace of the call that created the handle. */
  private readonly handles = new Map<number, ReadonlyArray<string>>()
  private readonly channels = builtin("diagnostics_channel") as Channels | undefined
  private readonly hook = hooks?.createHook({
    init: (id, type, trigger, resource) => {
      if (type === "TCPWRAP" || type === "PIPEWRAP") return void this.handles.set(id, stackHere())
      const kind = kinds[type]
      if (kind === undefined) return
      // Node connects in a later tick than the call that created the handle, so use the stack trace of that
      // call.
      const stack = this.handles.get(trigger) ?? stackHere()
      // Node sets the address after this hook has run, so call `began` in a microtask.
      queueMicrotask(() => this.began(kind, resource as Resource, stack))
    },
    trackPromises: false
  })

  constructor() {
    this.hook?.enable()
    this.channels?.subscribe("undici:client:sendHeaders", this.sending)
  }

  stop(): void {
    this.hook?.disable()
    this.channels?.unsubscribe("undici:client:sendHeaders", this.sending)
  }

  /** Returns the uses since the last call of `take`. */
  take(): ReadonlyArray<RealUse> {
    return this.uses.splice(0).map((use) => ({ ...use, names: [...use.names, ...this.namesOf(use.address)] }))
  }

  private began(kind: Kind, resource: Resource, stack: ReadonlyArray<string>): void {
    if (kind === "lookup") {
      const target = resource.hostname ?? "a name"
      this.remember(target, resource)
      this.uses.push({ kind, target, stack, names: [target], address: undefined })
      return
    }
    const address = kind === "datagram" ? undefined : kind === "listen" ? bound(resource) : peer(resource)
    const target =
      address === undefined ? (kind === "datagram" ? "a socket" : "a path") : formatAddress(address)
    this.uses.push({ kind, target, stack, names: [], address })
  }

  /** Stores the addresses of a name, so that later connections to these addresses match the name. */
  private remember(name: string, resource: Resource): void {
    const { oncomplete } = resource
    if (typeof oncomplete !== "function") return
    const remember = (found: unknown) => {
      for (const address of Array.isArray(found) ? found : []) {
        const names = this.names.get(String(address)) ?? new Set()
        this.names.set(String(address), names.add(name))
      }
    }
    resource.oncomplete = function (error, found, ...rest) {
      remember(found)
      return oncomplete.call(this, error, found, ...rest)
    }
  }

  private namesOf(address: Address | undefined): Iterable<string> {
    return (address?._tag === "TcpAddress" && this.names.get(address.hostname)) || []
  }

  private readonly sending = (message: unknown): void => {
    const { request, socket } = message as { request: Request; socket: { readonly _handle?: object | null } }
    // A connection without a system handle is in memory, so ignore it.
    if (!/^(TCP|TLSWrap|Pipe)$/.test(socket._handle?.constructor.name ?? "")) return
    const url = new URL(request.path, request.origin)
    const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port)
    this.uses.push({
      kind: "fetch",
      target: `${request.method} ${url.origin}${url.pathname}`,
      stack: [],
      names: [url.hostname],
      address: tcp(url.hostname, port)
    })
  }
}

const peer = ({ address, pipe, port }: Resource): Address | undefined => {
  if (address !== undefined && port !== undefined) return tcp(address, port)
  const path = pipe ?? address
  return path === undefined ? undefined : unix(path)
}

const bound = (resource: Resource): Address | undefined => {
  const out: { address?: string; port?: number } = {}
  if (resource.getsockname === undefined || resource.getsockname(out) !== 0) return undefined
  return out.address === undefined || out.port === undefined ? undefined : tcp(out.address, out.port)
}
