/**
 * Records a conversation as lines of text. A line has an actor and an action, in order and with the virtual
 * time.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import type { AgentEvent, ServerEvent, Transport } from "@httpfx/core"
import { VirtualClock } from "@httpfx/testing"
import { escape } from "../wire/receive/vectors/text.js"

/** Number of characters after which a text is cut. */
const longest = 150

const latin1 = (data: string | Uint8Array): string =>
  typeof data === "string" ? data : Array.from(data, (byte) => String.fromCharCode(byte)).join("")

/** Formats bytes as quoted text. Omits `Date` fields, because they depend on the time. */
export const quoted = (data: string | Uint8Array): string => {
  const text = latin1(data).replace(/Date: [^\r]*\r\n/g, "")
  const shown = escape(text.slice(0, longest))
  return text.length > longest ? `"${shown}" and ${text.length - longest} bytes` : `"${shown}"`
}

const facts = [
  "code",
  "phase",
  "received",
  "written",
  "reused",
  "status",
  "flag",
  "limit",
  "address"
] as const

/** Formats a failure: its `_tag` or class name, its message, and its facts. */
export const failure = (error: unknown): string => {
  if (typeof error !== "object" || error === null) return JSON.stringify(error) ?? "nothing"
  const of = error as { _tag?: string; name?: string; message?: string } & Record<string, unknown>
  const known = facts.filter((name) => of[name] !== undefined).map((name) => `${name}=${String(of[name])}`)
  return [of._tag ?? of.name ?? "Error", JSON.stringify(of.message ?? ""), ...known].join(" ")
}

/** Formats a cause, with each of its parts once. */
const ofCause = (cause: Cause.Cause<unknown>): string => {
  const parts = [
    ...Array.from(Cause.failures(cause), failure),
    ...Array.from(Cause.defects(cause), (defect) => `defect ${failure(defect)}`),
    ...(Cause.isInterrupted(cause) ? ["interrupted"] : [])
  ]
  return [...new Set(parts)].join("; ")
}

export const exitText = (exit: Exit.Exit<unknown, unknown>): string =>
  Exit.isSuccess(exit) ? "success" : ofCause(exit.cause)

/**
 * The lines of a conversation. A line without indentation is a time, in virtual milliseconds since the start.
 */
export class Trace {
  readonly lines: Array<string> = []
  private last = -1
  private lastLine = ""
  private times = 1
  private over = false

  constructor(private readonly now: () => number) {}

  /** Stops recording. */
  readonly stop = (): void => {
    this.over = true
  }

  readonly say = (line: string): void => {
    if (this.over) return
    const at = Math.round(this.now() - VirtualClock.epoch)
    if (at !== this.last) this.lines.push(`${at} ms`)
    else if (line === this.lastLine) {
      this.lines[this.lines.length - 1] = `  ${line} (${++this.times} times)`
      return
    }
    this.times = 1
    this.last = at
    this.lastLine = line
    this.lines.push(`  ${line}`)
  }

  readonly server = (event: ServerEvent.ServerEvent): void => {
    const { _tag } = event
    switch (_tag) {
      case "StateChanged":
        return this.say(`event ${_tag} ${event.state}`)
      case "ExchangeEnded": {
        const { bytesIn, bytesOut, connection, exchange, status } = event.outcome
        const of = event.outcome
        const why =
          "error" in of
            ? failure(of.error)
            : "reason" in of
              ? of.reason
              : "cause" in of
                ? of.cause && ofCause(of.cause)
                : ""
        const all = [connection, exchange].join(".")
        const answer = status === undefined ? "" : ` ${status}`
        const [more, up] = [why ? `: ${why}` : "", of.upgraded ? ` to ${of.upgraded.protocol}` : ""]
        return this.say(`event ${_tag} ${all} ${of._tag}${answer}${up} in=${bytesIn} out=${bytesOut}${more}`)
      }
      case "RequestReceived":
        return this.say(`event ${_tag} ${event.connection}.${event.exchange} ${event.method} ${event.target}`)
      case "ResponseBegun":
        return this.say(`event ${_tag} ${event.connection}.${event.exchange} ${event.status}`)
      case "ClientError":
        return this.say(`event ${_tag} ${event.connection}: ${failure(event.error)}`)
      case "ConnectionClosed": {
        const { bytesIn, bytesOut, connection, exchanges, reason } = event
        return this.say(
          `event ${_tag} ${connection} ${reason} exchanges=${exchanges} in=${bytesIn} out=${bytesOut}`
        )
      }
      case "ConnectionOpened":
        return this.say(`event ${_tag} ${event.connection}`)
    }
  }

  readonly agent = (event: AgentEvent.AgentEvent): void => {
    const { _tag } = event
    const who = "id" in event ? `request ${event.id}` : `connection ${event.connection}`
    const more =
      "error" in event
        ? `: ${event.error === undefined ? "interrupted" : failure(event.error)}`
        : "status" in event
          ? ` ${event.status}`
          : "reason" in event
            ? ` ${event.reason} exchanges=${event.exchanges}`
            : "id" in event && "connection" in event
              ? ` connection ${event.connection}`
              : ""
    this.say(`event ${_tag} ${who}${more}`)
  }

  /**
   * Wraps a transport, so that its calls and callbacks are recorded as lines. Corked writes give one line.
   * `ref` and socket options give no line.
   */
  readonly tapped = (name: string, inner: Transport.Transport): Transport.Transport =>
    new Tapped(inner, (line) => this.say(`${name} ${line}`))
}

class Tapped implements Transport.Transport {
  private corks = 0
  private started = false
  private more = true
  private readonly written: Array<string | Uint8Array> = []

  constructor(
    private readonly inner: Transport.Transport,
    private readonly say: (line: string) => void
  ) {}

  get local() {
    return this.inner.local
  }
  get remote() {
    return this.inner.remote
  }
  get buffered() {
    return this.inner.buffered
  }
  get writable() {
    return this.inner.writable
  }
  get truncated() {
    return this.inner.truncated ?? false
  }
  start(handlers: Transport.TransportHandlers): void {
    // Record only a second `start`, by which a new owner takes the connection, because every connection is
    // started once.
    if (this.started) this.say("-> start")
    this.started = true
    const { say } = this
    this.inner.start({
      data: (chunk) => {
        say(`<- data ${chunk.length}`)
        handlers.data(chunk)
      },
      end: () => {
        say("<- end")
        handlers.end()
      },
      drain: () => {
        say("<- drain")
        handlers.drain()
      },
      error: (fault) => {
        say(`<- error ${fault.code}`)
        handlers.error(fault)
      },
      close: () => {
        say("<- close")
        handlers.close()
      }
    })
  }
  write(data: string | Uint8Array, body?: Uint8Array): boolean {
    this.more = this.inner.write(data, body)
    this.written.push(data, ...(body === undefined ? [] : [body]))
    if (this.corks === 0) this.flushed()
    return this.more
  }
  private flushed(): void {
    if (this.written.length === 0) return
    this.say(`-> write ${quoted(this.written.map(latin1).join(""))}${this.more ? "" : ", full"}`)
    this.written.length = 0
  }
  end(): void {
    this.say("-> end")
    this.inner.end()
  }
  reset(): void {
    this.say("-> reset")
    this.inner.reset()
  }
  abandon(): void {
    this.say("-> abandon")
    if (this.inner.abandon === undefined) this.inner.reset()
    else this.inner.abandon()
  }
  isLost(): boolean {
    return this.inner.isLost?.() ?? false
  }
  pause(): void {
    this.say("-> pause")
    this.inner.pause()
  }
  resume(): void {
    this.say("-> resume")
    this.inner.resume()
  }
  cork(): void {
    this.corks++
    this.inner.cork()
  }
  uncork(): void {
    this.corks--
    if (this.corks === 0) this.flushed()
    this.inner.uncork()
  }
  ref(): void {
    this.inner.ref()
  }
  unref(): void {
    this.inner.unref()
  }
  noDelay(enable: boolean): void {
    this.inner.noDelay(enable)
  }
  keepAlive(enable: boolean, initialDelay: number): void {
    this.inner.keepAlive(enable, initialDelay)
  }
}
