/**
 * The beginning of a recording, taken out of it: so many bytes of each side, with what happened meanwhile.
 *
 * What is left is what the next exchange of the connection began with. It never loses a byte that was kept.
 */
import type { Kept, Recording, Side, TapEvent } from "./transport.js"

const sizeOf = (event: TapEvent): number =>
  event._tag === "Bytes" ? event.data.length : event._tag === "Skipped" ? event.bytes : 0

/** An event cut after so many of its bytes. */
const cut = (event: TapEvent, at: number): readonly [TapEvent, TapEvent] => {
  if (event._tag === "Bytes") {
    return [
      { ...event, data: event.data.slice(0, at) },
      { ...event, data: event.data.slice(at) }
    ]
  }
  const { bytes, ...skipped } = event as Extract<TapEvent, { _tag: "Skipped" }>
  return [
    { ...skipped, bytes: at },
    { ...skipped, bytes: bytes - at }
  ]
}

/** Takes so many bytes of each side; `limit` is what is kept of each side of what follows. */
export const take = (recording: Kept, bytes: Readonly<Record<Side, number>>, limit: number): Recording => {
  const { events, room } = recording
  const left = { ...bytes }
  const taken: Array<TapEvent> = []
  const rest: Array<TapEvent> = []
  for (const event of events) {
    const size = sizeOf(event)
    if (size === 0 || !("from" in event)) {
      // What is no byte belongs to what has passed before it.
      const target = left.client > 0 || left.server > 0 || rest.length === 0 ? taken : rest
      target.push(event)
      continue
    }
    const { from } = event
    if (size <= left[from]) taken.push(event)
    else if (left[from] === 0) rest.push(event)
    else {
      const [before, after] = cut(event, left[from])
      taken.push(before)
      rest.push(after)
    }
    left[from] = Math.max(0, left[from] - size)
  }
  events.splice(0, events.length, ...rest)
  for (const side of ["client", "server"] as const) {
    let kept = 0
    for (const event of rest) if (event._tag === "Bytes" && event.from === side) kept += event.data.length
    room[side] = Math.max(0, limit - kept)
  }
  return { ...recording, events: taken }
}
