/**
 * Symbols for state that the files of `http/` share. A symbol that exists in Node has Node's name, because
 * tools search for that name. For instance, tools find the fields of a message by `Symbol(kOutHeaders)`, to
 * set values that `setHeader` refuses.
 */

/**
 * The key of a message's fields: a map from each lower-case name to the name as given and the value, or
 * `null` if the message has no fields.
 */
export const outHeaders = Symbol("kOutHeaders")
export const needDrain = Symbol("kNeedDrain")
export const corked = Symbol("corked")
export const bytesWritten = Symbol("kBytesWritten")
export const errored = Symbol("errored")
export const highWater = Symbol("kHighWaterMark")
export const rejectBody = Symbol("kRejectNonStandardBodyWrites")
export const uniqueHeaders = Symbol("kUniqueHeaders")
/** The key of the clock for the `Date` field of a message. `undefined` stands for the system clock. */
export const clock = Symbol("clock")
/** The key of a response's `ServerConnection`, also used on sockets. */
export const connectionOf = Symbol("connection")
/**
 * The key of the time at which a message began, for performance entries. The key is a symbol, because the
 * logger morgan uses the name `_startTime`.
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
 * The key of the error with which a request was destroyed. Node leaves `errored` unset on requests, so that
 * key is not used here.
 */
export const destroyedBy = Symbol("destroyedBy")
export const target = Symbol("kPath")

// Keys of agents.
export const proxyKey = Symbol("proxy")
export const onKeylog = Symbol("onKeylog")

/** The key of the function that cancels a server's next check of connection timeouts. */
export const sweep = Symbol("connectionsChecking")
