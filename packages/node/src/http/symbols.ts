/**
 * Keys of what the files of this folder know of each other's objects and nobody else shall. Those that Node has bear the names
 * that they have there: tools that set what Node would refuse find a message's fields by `Symbol(kOutHeaders)`.
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
