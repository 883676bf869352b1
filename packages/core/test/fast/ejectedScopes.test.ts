// `isEjected` recognises the scopes that platform's function has ejected. The fallback, which runs a request
// in platform's own scope, also works.
import * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { inScopeOfPlatform, isEjected, knowsEjected } from "../../src/internal/fast/ejectedScopes.js"

const scope = () => Effect.runSync(Scope.make())

describe("A scope", () => {
  it("is recognised as ejected after platform's function has ejected it, not before", () => {
    const [ejected, kept] = [scope(), scope()]
    expect(isEjected(ejected)).toBe(false)
    HttpApp.ejectDefaultScopeClose(ejected)
    expect([isEjected(ejected), isEjected(kept), knowsEjected]).toEqual([true, false, true])
  })
})

describe("A request in platform's own scope", () => {
  const request = HttpServerRequest.fromWeb(new Request("http://test/"))
  const run = (program: Effect.Effect<unknown, string, Scope.Scope>) =>
    Effect.runPromiseExit(
      Effect.provideService(
        inScopeOfPlatform(program) as Effect.Effect<unknown, string>,
        HttpServerRequest.HttpServerRequest,
        request
      )
    )

  const notes = () => {
    const told: Array<string> = []
    const note = (what: string) =>
      Effect.addFinalizer((exit) => Effect.sync(() => void told.push(`${what} ${exit._tag}`)))
    return { note, told }
  }

  it("closes it at the end of the program", async () => {
    const { note, told } = notes()
    expect(await run(Effect.as(note("a"), 1))).toEqual(Exit.succeed(1))
    expect(await run(Effect.zipRight(note("b"), Effect.fail("no")))).toEqual(Exit.fail("no"))
    expect(told).toEqual(["a Success", "b Failure"])
  })

  it("leaves it open if the handler has ejected it", async () => {
    const { note, told } = notes()
    await run(Effect.zipRight(note("a"), Effect.map(Effect.scope, HttpApp.ejectDefaultScopeClose)))
    expect(told).toEqual([])
  })

  it("can be interrupted", async () => {
    const { note, told } = notes()
    const program = Effect.zipRight(note("a"), Effect.interrupt)
    expect(Exit.isInterrupted(await run(program))).toBe(true)
    expect(told).toEqual(["a Failure"])
  })
})
