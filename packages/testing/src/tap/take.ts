/**
 * Cuts the first bytes of both directions off a recording, with the events among these bytes. Returns the
 * part that was cut off as a recording.
 *
 * The remaining recording then starts with the next exchange of the connection. Never loses a stored byte.
 */
import type { Kept, Recording, Side, TapEvent } from "./transport.js"

const sizeOf = (event: TapEvent): number =>
  event._tag === "Bytes" ? event.data.length : event._tag === "Skipped" ? event.bytes : 0

/** Splits an event in two. The first part has the first `at` bytes. */
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

/**
 * Removes this many bytes of each sender from the start of a recording, and returns them as a recording.
 * `limit` is the maximum number of bytes per sender that the remaining recording may store.
 */
export const take = (recording: Kept, bytes: Readonly<Record<Side, number>>, limit: number): Recording => {
  const { events, room } = recording
  const left = { ...bytes }
  const taken: Array<TapEvent> = []
  const rest: Array<TapEvent> = []
  for (const event of events) {
    const size = sizeOf(event)
    if (size === 0 || !("from" in event)) {
      // Events without bytes, such as FIN, stay together with the bytes before them.
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
