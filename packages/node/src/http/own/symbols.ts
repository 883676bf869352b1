/**
 * Symbols for state that the files of `http/` share. Those that exist in Node have Node's names: tools find a
 * message's fields by `Symbol(kOutHeaders)` to set values that `setHeader` refuses.
 */

/** A message's fields: lower-case name to name as given and value; `null` for a message without fields. */
export const outHeaders = Symbol("kOutHeaders")
export const needDrain = Symbol("kNeedDrain")
export const corked = Symbol("corked")
export const bytesWritten = Symbol("kBytesWritten")
export const errored = Symbol("errored")
export const highWater = Symbol("kHighWaterMark")
export const rejectBody = Symbol("kRejectNonStandardBodyWrites")
export const uniqueHeaders = Symbol("kUniqueHeaders")
/** The clock for a message's `Date`; `undefined`: the system clock. */
export const clock = Symbol("clock")
/** The server connection of a response. */
export const connectionOf = Symbol("connection")
/** The time at which a message began, for performance entries. (`_startTime` belongs to morgan.) */
export const startTime = Symbol("startTime")

// Keys of servers. Programs subclass servers and may use any string name.
export const connections = Symbol("http.server.connections")
export const messageClass = Symbol("IncomingMessage")
export const responseClass = Symbol("ServerResponse")
export const emptyRequests = Symbol("optimizeEmptyRequests")
/** The timers of a server. */
export const waiting = Symbol("timers")

// Keys of client requests.
/** The error with which a request was destroyed. Node's `errored` stays unset on requests. */
export const destroyedBy = Symbol("destroyedBy")
export const target = Symbol("kPath")

// Keys of agents.
export const proxyKey = Symbol("proxy")
export const onKeylog = Symbol("onKeylog")

/** Cancels a server's next check of connection timeouts. */
export const sweep = Symbol("connectionsChecking")
