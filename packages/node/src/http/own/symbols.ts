/**
 * Keys of what the files of this folder know of each other's objects and nobody else shall. Those that Node
 * has bear the names that they have there: tools that set what Node would refuse find a message's fields by
 * `Symbol(kOutHeaders)`.
 */

/** A message's fields: lower-case name to name as given and value; `null` while there are none. */
export const outHeaders = Symbol("kOutHeaders")
export const needDrain = Symbol("kNeedDrain")
export const corked = Symbol("corked")
export const bytesWritten = Symbol("kBytesWritten")
export const errored = Symbol("errored")
export const highWater = Symbol("kHighWaterMark")
export const rejectBody = Symbol("kRejectNonStandardBodyWrites")
export const uniqueHeaders = Symbol("kUniqueHeaders")
/** Where `Date` of a message is read from; `undefined`: the system's clock. */
export const clock = Symbol("clock")
/** The server's connection that a response belongs to. */
export const connectionOf = Symbol("connection")
/**
 * When a message began, for those who measure. morgan keeps a `_startTime` of its own on requests and
 * responses.
 */
export const startTime = Symbol("startTime")

// A server's: programs extend it, and may use any name.
export const connections = Symbol("http.server.connections")
export const messageClass = Symbol("IncomingMessage")
export const responseClass = Symbol("ServerResponse")
export const emptyRequests = Symbol("optimizeEmptyRequests")
/** How a server waits. */
export const waiting = Symbol("timers")

// A client's request.
/**
 * What a request was destroyed with. Its `errored` says nothing of it: in Node that is a server's response's.
 */
export const destroyedBy = Symbol("destroyedBy")
export const target = Symbol("kPath")

// An agent.
export const proxyKey = Symbol("proxy")
export const onKeylog = Symbol("onKeylog")

/** Of a server: gives up the next look at its connections. */
export const sweep = Symbol("connectionsChecking")
