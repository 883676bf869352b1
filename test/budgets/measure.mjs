// Measures the cost of a program per request, and prints it as a line of JSON: node FLAGS measure.mjs NAME,
// with the flags of run.mjs.
import { createHook } from "node:async_hooks"
import { EventEmitter } from "node:events"
import { PerformanceObserver } from "node:perf_hooks"
import { own, programs } from "./programs.mjs"

const warmUp = 8_000
const count = 1_000
const rounds = 7

const program = await programs[process.argv[2]]()
await program.run(warmUp)

let collections = 0
const collected = new PerformanceObserver((list) => (collections += list.getEntries().length))
const turn = () => new Promise((resolve) => setTimeout(resolve, 10))

/**
 * Returns the memory in use. The growth equals the allocated bytes, because no garbage collection happens
 * meanwhile.
 */
const allocated = () => {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const bytes = []
for (let round = 0; round < rounds; round++) {
  globalThis.gc()
  await turn()
  collected.observe({ entryTypes: ["gc"] })
  collections = 0
  const before = allocated()
  await program.run(count)
  const after = allocated()
  await turn()
  collected.disconnect()
  if (collections > 0) throw new Error("memory was collected while it was measured")
  bytes.push((after - before) / count)
}

/** Counts events per request. Memory is measured in another run, because counting allocates too. */
const counted = async (begin) => {
  let times = 0
  const end = begin(() => times++)
  await program.run(count)
  end()
  return times
}

const waits = new Set(["Timeout", "Immediate"])
const turns = own.turns
const timers = await counted((tell) => {
  const hook = createHook({ init: (_id, type) => waits.has(type) && tell() }).enable()
  return () => hook.disable()
})
const ownTurns = own.turns - turns

// Count the listeners of messages separately: they are collected with the message, while listeners of a
// socket or server would accumulate.
const emitters = new Map()
await counted(() => {
  const note = (emitter) => emitters.set(emitter, (emitters.get(emitter) ?? 0) + 1)
  const wrap = (prototype, name) => {
    const original = prototype[name]
    prototype[name] = function (...args) {
      note(this)
      return original.apply(this, args)
    }
    return () => (prototype[name] = original)
  }
  const wrapped = [
    wrap(globalThis.EventTarget.prototype, "addEventListener"),
    ...["on", "addListener", "once", "prependListener", "prependOnceListener"].map((name) =>
      wrap(EventEmitter.prototype, name)
    )
  ]
  return () => wrapped.forEach((unwrap) => unwrap())
})
const listeners = (lasting) =>
  [...emitters.values()].filter((times) => times > 10 === lasting).reduce((sum, times) => sum + times, 0)

const writes = program.writes()
await program.run(count)
const median = [...bytes].sort((one, other) => one - other)[rounds >> 1]
console.log(
  JSON.stringify({
    bytes: Math.round(median),
    // Subtract the timers of the harness, which do not depend on the program.
    timers: Math.round((timers - ownTurns) / count),
    listeners: Math.round(listeners(true) / count),
    messageListeners: Math.round(listeners(false) / count),
    writes: (program.writes() - writes) / count
  })
)
process.exit()
