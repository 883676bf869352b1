/**
 * Symbols for state that the files of `http/` share. A symbol that also exists in Node has the same
 * description, because tools search for it. For instance, tools find the fields of a message by
 * `Symbol(kOutHeaders)`, to set values that `setHeader` refuses.
 */

/**
 * The key of a message's fields. The value is a map from each lower-case name to the name as given and the
 * field value. `null` if the message has no fields.
 */
export const outHeaders = Symbol("kOutHeaders")
export const needDrain = Symbol("kNeedDrain")
export const corked = Symbol("corked")
export const bytesWritten = Symbol("kBytesWritten")
export const errored = Symbol("errored")
export const highWater = Symbol("kHighWaterMark")
export const rejectBody = Symbol("kRejectNonStandardBodyWrites")
export const uniqueHeaders = Symbol("kUniqueHeaders")
/**
 * The key of the clock for the `Date` field of a message. If the value is `undefined`, the system clock is
 * used.
 */
export const clock = Symbol("clock")
/** The key of the `ServerConnection` of a response. Sockets use the same key. */
export const connectionOf = Symbol("connection")
/**
 * The key of the time at which a message began, for performance entries. The key is a symbol, because the
 * logger morgan already uses the name `_startTime`.
 */
export const startTime = Symbol("startTime")

// Keys of servers. They are symbols, because subclasses in programs may use any string as a member's name.
export const connections = Symbol("http.server.connections")
export const messageClass = Symbol("IncomingMessage")
export const responseClass = Symbol("ServerResponse")
export const emptyRequests = Symbol("optimizeEmptyRequests")
/** The key of a server's timers. */
export const waiting = Symbol("timers")

// Keys of client requests.
/**
 * The key of the error with which a request was destroyed. The key `errored` is not used here, because Node
 * leaves that property unset on requests.
 */
export const destroyedBy = Symbol("destroyedBy")
export const target = Symbol("kPath")

// Keys of agents.
export const proxyKey = Symbol("proxy")
export const onKeylog = Symbol("onKeylog")

/** The key of the function that cancels a server's next check of connection timeouts. */
export const sweep = Symbol("connectionsChecking")
