/**
 * Symbols for state that the files of `http/` share. A symbol that exists in Node has Node's name, because
 * tools search for it: for instance, they find the fields of a message by `Symbol(kOutHeaders)` to set values
 * that `setHeader` refuses.
 */

/**
 * The fields of a message: maps each lower-case name to the name as given and the value. `null` if the
 * message has no fields.
 */
export const outHeaders = Symbol("kOutHeaders")
export const needDrain = Symbol("kNeedDrain")
export const corked = Symbol("corked")
export const bytesWritten = Symbol("kBytesWritten")
export const errored = Symbol("errored")
export const highWater = Symbol("kHighWaterMark")
export const rejectBody = Symbol("kRejectNonStandardBodyWrites")
export const uniqueHeaders = Symbol("kUniqueHeaders")
/** The clock for the `Date` field of a message. `undefined`: the system clock. */
export const clock = Symbol("clock")
/** The server connection of a response. */
export const connectionOf = Symbol("connection")
/**
 * The time at which a message began, for performance entries. (A symbol, because the logger morgan uses
 * `_startTime`.)
 */
export const startTime = Symbol("startTime")

// Keys of servers. They are symbols, because a program's subclass of a server may use any string name.
export const connections = Symbol("http.server.connections")
export const messageClass = Symbol("IncomingMessage")
export const responseClass = Symbol("ServerResponse")
export const emptyRequests = Symbol("optimizeEmptyRequests")
/** The timers of a server. */
export const waiting = Symbol("timers")

// Keys of client requests.
/**
 * The error with which a request was destroyed. `errored` is not used here, because Node leaves `errored`
 * unset on requests.
 */
export const destroyedBy = Symbol("destroyedBy")
export const target = Symbol("kPath")

// Keys of agents.
export const proxyKey = Symbol("proxy")
export const onKeylog = Symbol("onKeylog")

/** The key of the function that cancels a server's next check of connection timeouts. */
export const sweep = Symbol("connectionsChecking")
