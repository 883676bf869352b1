/** Runs Node's own parser, by its internal binding, for comparison with ours. */
import { createRequire } from "node:module"
import { answer, type Case, type Ending, Log, type Outcome } from "./outcome.js"

interface NativeError extends Error {
  readonly code: string
  readonly reason: string
  readonly bytesParsed: number
}

interface NativeParser {
  [callback: number]: (...args: Array<never>) => unknown
  initialize(type: number, resource: object, maxHeaderSize: number, lenientFlags: number): void
  execute(chunk: Uint8Array): number | NativeError
  finish(): undefined | NativeError
  close(): void
}

interface NativeBinding {
  readonly HTTPParser: {
    new (): NativeParser
    readonly REQUEST: number
    readonly RESPONSE: number
    readonly kOnHeaders: number
    readonly kOnHeadersComplete: number
    readonly kOnBody: number
    readonly kOnMessageComplete: number
    readonly kLenientAll: number
    readonly kLenientNone: number
  }
}

// Node 20 has the class in a binding. Later versions have it in a deprecated public module.
const loadBinding = (): NativeBinding => {
  try {
    return (process as unknown as { binding(name: string): unknown }).binding("http_parser") as NativeBinding
  } catch {
    return createRequire(import.meta.url)("node:_http_common") as NativeBinding
  }
}

const { HTTPParser } = loadBinding()

// The methods by their numbers in llhttp. The public lists of some Node versions lack some of these methods.
const methods = (
  "DELETE GET HEAD POST PUT CONNECT OPTIONS TRACE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK BIND REBIND " +
  "UNBIND ACL REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE PATCH PURGE MKCALENDAR LINK " +
  "UNLINK SOURCE PRI DESCRIBE ANNOUNCE SETUP PLAY PAUSE TEARDOWN GET_PARAMETER SET_PARAMETER REDIRECT RECORD FLUSH " +
  "QUERY"
).split(" ")

/** The version of llhttp. The presets describe 9.3.1, the version of Node 20.20. */
export const llhttp = process.versions["llhttp"] ?? ""

export const nativeVersion = `Node ${process.versions.node}, llhttp ${llhttp}`

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1")

/** Parses a case with Node's parser, with the default flags or with all lenient flags. */
export const runNative = (input: Case, preset: "node" | "insecure"): Outcome => {
  const log = new Log()
  const parser = new HTTPParser()
  const lenient = preset === "node" ? HTTPParser.kLenientNone : HTTPParser.kLenientAll
  parser.initialize(
    input.role === "request" ? HTTPParser.REQUEST : HTTPParser.RESPONSE,
    {},
    input.maxHeaderSize,
    lenient
  )
  let spilled: Array<string> = []
  let spilledTarget = ""
  let upgrade = false
  let stopping = false
  parser[HTTPParser.kOnHeaders] = (fields: Array<string>, target: string) => {
    spilled.push(...fields)
    spilledTarget += target
  }
  parser[HTTPParser.kOnHeadersComplete] = (
    major: number,
    minor: number,
    fields: Array<string> | undefined,
    method: number | undefined,
    target: string | undefined,
    status: number | undefined,
    statusMessage: string | undefined,
    isUpgrade: boolean,
    keepAlive: boolean
  ) => {
    upgrade = isUpgrade
    const start =
      input.role === "request"
        ? `${methods[method!]} ${target ?? spilledTarget}`
        : `${status} ${statusMessage}`
    const rawHeaders = fields ?? spilled
    spilled = []
    spilledTarget = ""
    const result = answer(input.answering, isUpgrade, log.heads)
    stopping = result === 2 || status === 101
    log.head({ _tag: "Head", start, version: `${major}.${minor}`, rawHeaders, upgrade, keepAlive })
    return result
  }
  parser[HTTPParser.kOnBody] = (bytes: Uint8Array) => log.data(latin1(bytes))
  parser[HTTPParser.kOnMessageComplete] = () => {
    log.complete(spilled)
    spilled = []
    // The binding reports the target again after trailers, so drop it.
    spilledTarget = ""
  }
  const ending = feed(parser, input, () => ({ upgrade, stopping, events: log.events.length }))
  parser.close()
  return { events: log.events, ending }
}

const feed = (
  parser: NativeParser,
  input: Case,
  state: () => { readonly upgrade: boolean; readonly stopping: boolean; readonly events: number }
): Ending => {
  let from = 0
  for (const to of input.cuts) {
    while (from < to) {
      const before = state().events
      const result = parser.execute(input.bytes.subarray(from, to))
      if (typeof result !== "number") {
        return {
          _tag: "Refused",
          code: result.code,
          reason: result.reason,
          offset: from + result.bytesParsed
        }
      }
      // Node's parser did not report an error, but it no longer advances. The position of the error is known.
      if (result <= 0 && state().events === before) return { _tag: "Swallowed", offset: from + result }
      from += result
      if (state().stopping) return { _tag: "Stopped", consumed: from }
    }
  }
  const end = parser.finish()
  if (end === undefined) return { _tag: "Open", silent: state().upgrade }
  return { _tag: "Refused", code: end.code, reason: end.reason, offset: from }
}
