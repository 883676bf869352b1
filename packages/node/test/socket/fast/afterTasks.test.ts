// `afterTasks` calls a function after all pending ticks and microtasks, and before the next turn of the event
// loop.
import { expect, it } from "vitest"
import { afterTasks } from "../../../src/socket/fast/afterTasks.js"

it("calls after ticks and microtasks that start each other, and before an immediate", async () => {
  const told: Array<string> = []
  const chain = (left: number): void => {
    if (left === 0) return void told.push("tasks")
    process.nextTick(() => queueMicrotask(() => void Promise.resolve().then(() => chain(left - 1))))
  }
  const immediate = new Promise<void>((resolve) =>
    setImmediate(() => {
      told.push("immediate")
      resolve()
    })
  )
  chain(20)
  afterTasks(() => void told.push("after"))
  await immediate
  expect(told).toEqual(["tasks", "after", "immediate"])
})

it("calls even if the program starts ticks endlessly", async () => {
  let over = false
  const again = () => {
    if (!over) queueMicrotask(() => process.nextTick(again))
  }
  again()
  await new Promise<void>((resolve) => afterTasks(resolve))
  over = true
})
