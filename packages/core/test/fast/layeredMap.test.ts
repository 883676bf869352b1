// A `LayeredMap` behaves like a copy of its shared map with further entries, after any sequence of
// operations.
import * as fc from "fast-check"
import { assert, describe, it } from "vitest"
import { LayeredMap } from "../../src/internal/fast/layeredMap.js"

type Step = readonly [
  name: "set" | "get" | "has" | "delete" | "size" | "clear" | "list",
  key: number,
  value: string
]

const step = fc.tuple(
  fc.constantFrom<Step[0]>("set", "get", "has", "delete", "size", "clear", "list"),
  fc.nat(5),
  fc.string()
)

const sorted = (entries: Iterable<readonly [number, string]>) => [...entries].sort(([a], [b]) => a - b)

const does = (map: Map<number, string>, [name, key, value]: Step): unknown => {
  switch (name) {
    case "set":
      return map.set(key, value) === map
    case "get":
      return map.get(key)
    case "has":
      return map.has(key)
    case "delete":
      return map.delete(key)
    case "size":
      return map.size
    case "clear":
      return map.clear()
    case "list": {
      const told: Array<[number, string]> = []
      map.forEach((value, key) => void told.push([key, value]))
      return [map, map.entries(), told, new Map(map)]
        .map(sorted)
        .concat([[...map.keys()].sort() as never, [...map.values()].sort() as never])
    }
  }
}

describe("A layered map", () => {
  it("equals a copy, and leaves its base unchanged", () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5), fc.string())), fc.array(step), (entries, steps) => {
        const beneath = new Map(entries)
        const [copy, layered] = [new Map(beneath), new LayeredMap(beneath)]
        for (const each of steps) assert.deepStrictEqual(does(layered, each), does(copy, each))
        assert.deepStrictEqual(sorted(beneath), sorted(new Map(entries)))
      })
    ))
})
