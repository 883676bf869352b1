/**
 * Types of sockets, requests and responses, with the members that several files use. The socket type has the
 * properties that Node's HTTP module sets on sockets.
 */
import type { Socket } from "node:net"
import type { EventEmitter } from "node:events"
import type { Readable } from "node:stream"
import type { Timers } from "@httpfx/core/Timers"
import type { DistinctFields, FoldedFields } from "@httpfx/core/wire"
import type {
  bytesWritten,
  clock,
  corked,
  errored,
  highWater,
  needDrain,
  outHeaders,
  rejectBody,
  uniqueHeaders
} from "../own/symbols.js"

/** The parser of a socket, for modules that do not pass bytes to it. */
export interface SocketParser {
  readonly incoming: Incoming | null
}

/** The socket of a connection, which can also be any other duplex stream. */
export interface HttpSocket extends Socket {
  parser?: SocketParser | null
  _httpMessage?: Outgoing | null
  /** Whether reading is paused because the peer does not read the responses. */
  _paused?: boolean
  server?: unknown
  _hadError?: boolean
}

/** The request to which a received message is the response. */
export interface RequestLike {
  readonly method: string
}

export type Callback = (error?: Error | null) => void

/** A received message, with its internal members. */
export interface Incoming extends Readable {
  /** The socket. `null` after the socket has been released to the agent. */
  socket: HttpSocket | null
  httpVersionMajor: number | null
  httpVersionMinor: number | null
  httpVersion: string | null
  complete: boolean
  rawHeaders: Array<string>
  rawTrailers: Array<string>
  joinDuplicateHeaders: boolean | null | undefined
  aborted: boolean
  upgrade: boolean | null
  url: string
  method: string | null
  statusCode: number | null
  statusMessage: string | null
  client: HttpSocket
  req?: RequestLike
  _consuming: boolean
  _dumped: boolean
  headers: FoldedFields
  readonly headersDistinct: DistinctFields
  trailers: FoldedFields
  _addHeaderLines(raw: Array<string>, count: number): void
  _addHeaderLine(name: string, value: string, into: FoldedFields): void
  _addHeaderLineDistinct(name: string, value: string, into: DistinctFields): void
  _dump(): void
  setTimeout(msecs: number, callback?: () => void): this
}

export type HeaderValue = number | string | ReadonlyArray<string>
export type OutHeaders = { [lowerName: string]: [name: string, value: HeaderValue] }

/** A write that is queued until the message has a socket. */
export interface Pending {
  readonly data: string | Uint8Array
  readonly encoding: BufferEncoding | null | undefined
  readonly callback: Callback | null | undefined
}

/** A sent message: `OutgoingMessage` with its internal members. */
export interface Outgoing extends EventEmitter {
  outputData: Array<Pending>
  outputSize: number
  writable: boolean
  destroyed: boolean
  _last: boolean
  chunkedEncoding: boolean
  shouldKeepAlive: boolean
  maxRequestsOnConnectionReached: boolean
  _defaultKeepAlive: boolean
  useChunkedEncodingByDefault: boolean
  sendDate: boolean
  _removedConnection: boolean
  _removedContLen: boolean
  _removedTE: boolean
  strictContentLength: boolean
  _contentLength: number | null
  _hasBody: boolean
  _trailer: string
  finished: boolean
  _headerSent: boolean
  _closed: boolean
  socket: HttpSocket | null
  _header: string | null
  _keepAliveTimeout: number
  _maxRequestsPerSocket?: number
  _onPendingData: (delta: number) => void
  agent?: unknown
  statusCode?: number
  timeoutCb?: unknown
  readonly writableFinished: boolean
  readonly writableEnded: boolean
  readonly writableLength: number
  [bytesWritten]: number
  [needDrain]: boolean
  [corked]: number
  [outHeaders]: OutHeaders | null
  [errored]: Error | null | undefined
  [highWater]: number
  [rejectBody]: boolean
  [uniqueHeaders]?: Set<string> | null
  [clock]?: Timers
  cork(): void
  uncork(): void
  destroy(error?: Error | null): this
  write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean
  end(chunk?: unknown, encoding?: unknown, callback?: unknown): this
  setHeader(name: string, value: HeaderValue): this
  appendHeader(name: string, value: HeaderValue): this
  removeHeader(name: string): void
  getHeader(name: string): HeaderValue | undefined
  hasHeader(name: string): boolean
  _send(
    data: string | Uint8Array,
    encoding?: BufferEncoding | Callback | null,
    callback?: Callback | null,
    byteLength?: number
  ): boolean
  _writeRaw(
    data: string | Uint8Array,
    encoding?: BufferEncoding | Callback | null,
    callback?: Callback | null,
    size?: number
  ): boolean
  _storeHeader(firstLine: string, headers: unknown): void
  _implicitHeader(): void
  _finish(): void
  _flush(): void
  pipe(): void
  _flushOutput(socket: HttpSocket): boolean | undefined
}
