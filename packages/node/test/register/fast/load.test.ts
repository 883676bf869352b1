// `require` loads modules through the function that replaces Node's `Module._load`.
import { createRequire, Module } from "node:module"
import { expect, it } from "vitest"
import { wrapLoad } from "../../../src/register/fast/load.js"

it("require calls the function that replaces Module._load", () => {
  const loaders = Module as unknown as { _load: unknown }
  const own = loaders._load
  const asked: Array<string> = []
  try {
    const wrapped = wrapLoad(
      (load) =>
        function (request, ...rest) {
          asked.push(request)
          return request === "node:path" ? "<ours>" : Reflect.apply(load, this, [request, ...rest])
        }
    )
    const require = createRequire(import.meta.url)
    expect([wrapped, require("node:path"), typeof require("node:url")]).toEqual([true, "<ours>", "object"])
    expect(asked).toEqual(["node:path", "node:url"])
  } finally {
    loaders._load = own
  }
})
