// A function is recognized as the only listener of an event, by internals of the emitter and by its public
// API.
import { EventEmitter } from "node:events"
import { expect, it } from "vitest"
import { isOnlyListener } from "../../../src/socket/fast/onlyListener.js"

const listener = () => {}

const ways: ReadonlyArray<[way: string, of: (emitter: EventEmitter) => EventEmitter]> = [
  ["inside", (emitter) => emitter],
  [
    "public members",
    (emitter) =>
      ({
        listenerCount: (event: string) => emitter.listenerCount(event),
        listeners: (event: string) => emitter.listeners(event)
      }) as unknown as EventEmitter
  ]
]

it.each(ways)("recognizes the only listener by the emitter's %s", (_, of) => {
  const emitter = new EventEmitter()
  const isOnly = () => isOnlyListener(of(emitter), "data", listener)
  expect(isOnly()).toBe(false)
  emitter.on("data", listener)
  emitter.on("other", () => {})
  expect(isOnly()).toBe(true)
  const another = () => {}
  emitter.on("data", another)
  expect(isOnly()).toBe(false)
  emitter.off("data", listener)
  expect(isOnly()).toBe(false)
})

it("emitters have the expected internals", () => {
  const { _events: events } = new EventEmitter().on("data", listener) as unknown as { _events: unknown }
  expect(events).toMatchObject({ data: listener })
})
