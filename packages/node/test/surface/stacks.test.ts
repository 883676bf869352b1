// Stacks of errors that the callback API throws begin at the code that made the mistake.
import { assert, describe, it } from "vitest"
import http from "@httpfx/node/http"

const mistakes: Readonly<Record<string, () => void>> = {
  "a path with a space": () => void http.get({ path: "/a b" }),
  "a method that is no token": () => void http.request({ method: "a b" }),
  "an option of the wrong type": () => void http.createServer({ maxHeaderSize: "x" as never }),
  "a value that no field can carry": () => {
    http.validateHeaderValue("a", "\n")
  }
}

describe("the stack of", () => {
  it.each(Object.entries(mistakes))("%s", (_, mistake) => {
    let thrown: unknown
    try {
      mistake()
    } catch (error) {
      thrown = error
    }
    assert.instanceOf(thrown, Error)
    const [head, first, ...rest] = (thrown as Error).stack!.split("\n")
    assert.include(head, `[${(thrown as NodeJS.ErrnoException).code!}]: ${(thrown as Error).message}`)
    assert.include(first, "stacks.test.ts")
    assert.notMatch(rest.join("\n"), /packages\/(?:node|core)\/(?:src|dist)/)
  })
})
