/** Keys of what the files of this folder know of each other's objects and nobody else shall. */

/** A message's fields: lower-case name to name as given and value; `null` while there are none. */
export const outHeaders = Symbol("outHeaders")
export const needDrain = Symbol("needDrain")
export const corked = Symbol("corked")
export const bytesWritten = Symbol("bytesWritten")
export const errored = Symbol("errored")
export const highWater = Symbol("highWaterMark")
export const rejectBody = Symbol("rejectNonStandardBodyWrites")
export const uniqueHeaders = Symbol("uniqueHeaders")
/** Where `Date` of a message is read from; `undefined`: the system's clock. */
export const clock = Symbol("clock")
/** The server's connection that a response belongs to. */
export const connectionOf = Symbol("connection")
