// Interrupts requests at any step, in any mix. The agent's counts must stay right, no socket may be left, and
// other requests must get their own responses. In virtual time; the seed of a counterexample repeats its
// plan.
import * as fc from "fast-check"
import { assert, describe, it } from "vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { Agent, Client, Network, Timers, type Transport } from "@httpfx/core"
import { MemoryNetwork, MemoryTls, Simulation } from "@httpfx/testing"

const authority = MemoryTls.authority("Test CA")
const hosts = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
const certificate = authority.certificate({ names: hosts })

interface Means {
  readonly later: (millis: number, act: () => void) => void
  /** Accepts TLS on a connection, and calls `next` with the decrypted connection. */
  readonly secure: (transport: Transport.Transport, next: (transport: Transport.Transport) => void) => void
}

/**
 * A server that responds to each complete request in three delayed parts. It opens tunnels for CONNECT, and
 * sends 100 if the client expects it.
 */
const slow =
  (means: Means) =>
  (transport: Transport.Transport): void => {
    const { later, secure } = means
    let text = ""
    let continued = false
    /**
     * Removes the first request from `text` and returns it. Returns `undefined` if the request is incomplete.
     */
    const take = (): string | undefined => {
      const end = text.indexOf("\r\n\r\n") + 4
      if (end < 4) return undefined
      const head = text.slice(0, end)
      if (head.includes("Expect: ") && !continued) {
        continued = true
        later(15, () => transport.write("HTTP/1.1 100 Continue\r\n\r\n"))
      }
      const length = Number(/Content-Length: (\d+)/.exec(head)?.[1] ?? 0)
      const last = text.indexOf("0\r\n\r\n", end)
      const whole = !head.includes("chunked") ? end + length : last < 0 ? Infinity : last + 5
      if (text.length < whole) return undefined
      text = text.slice(whole)
      continued = false
      return head
    }
    transport.start({
      data: (chunk) => {
        for (const byte of chunk) text += String.fromCharCode(byte)
        for (let head = take(); head !== undefined; head = take()) {
          if (head.startsWith("CONNECT ")) {
            later(15, () => {
              transport.write("HTTP/1.1 200 Connection established\r\n\r\n")
              secure(transport, slow(means))
            })
            return
          }
          const path = head.slice(head.indexOf("/"), head.indexOf(" HTTP/"))
          later(10, () => transport.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length + 4}\r\n\r\n`))
          later(20, () => transport.write("you "))
          later(30, () => transport.write(path))
        }
      },
      end: () => transport.end(),
      drain: () => {},
      error: () => {},
      close: () => {}
    })
  }

const kinds = ["get", "alone", "upload", "expect", "lookup", "stuck", "secure", "tunnel"] as const

const plan = fc.record({
  seed: fc.nat(),
  maxSockets: fc.integer({ min: 1, max: 3 }),
  maxTotalSockets: fc.integer({ min: 1, max: 4 }),
  requests: fc.array(
    fc.record({
      kind: fc.constantFrom(...kinds),
      host: fc.integer({ min: 0, max: 2 }),
      at: fc.nat(60),
      /** Milliseconds from the start of the request to its interruption. The requests end before 1000 ms. */
      after: fc.oneof(fc.nat(130), fc.constant(1_000)),
      /** Number of fiber yields between this time and the interruption. */
      turns: fc.nat(6)
    }),
    { minLength: 1, maxLength: 12 }
  )
})

type Plan = Omit<typeof plan extends fc.Arbitrary<infer A> ? A : never, "seed">

const steps = ["queue", "resolve", "connect", "secure", "send", "head", "body"] as const

/** Runs a plan. Adds to `seen` the step at which each request was interrupted. */
const check = ({ maxSockets, maxTotalSockets, requests }: Plan, seen: Set<string>) =>
  Effect.gen(function* () {
    /** Numbers of the requests whose upload has begun and not ended. */
    const uploading = new Set<number>()
    const state = yield* Effect.scoped(
      Effect.gen(function* () {
        const timers = yield* Timers.timers
        const network = yield* Network.Network
        const runtime = yield* Effect.runtime<never>()
        const means: Means = {
          later: (millis, act) => void timers.at(timers.now() + millis, act),
          secure: (transport, next) => {
            const secured = network.secure(transport, { role: "server", ...certificate })
            Effect.runFork(
              Effect.provide(
                Effect.matchEffect(secured, {
                  onFailure: () => Effect.void,
                  onSuccess: (transport) => Effect.sync(() => next(transport))
                }),
                runtime
              )
            )
          }
        }
        for (const host of hosts) {
          yield* Effect.orDie(Network.listen({ port: 80, host }, slow(means)))
          yield* Effect.orDie(
            Network.listen({ port: 443, host }, (transport) => means.secure(transport, slow(means)))
          )
        }
        yield* Effect.orDie(Network.listen({ port: 1080, host: "10.0.0.9" }, slow(means)))
        const agent = yield* Agent.make({
          maxSockets,
          maxTotalSockets,
          idleTimeout: 1_000,
          tls: { ca: authority.ca }
        })
        yield* agent.observe((event) => {
          if (event._tag !== "Error") return
          const { error, timings } = event
          // If the body's reader was interrupted, the event has an error with `ABORT_ERR` instead of no
          // error.
          if (error !== undefined && (error as { code?: string }).code !== "ABORT_ERR") return
          seen.add([...steps].reverse().find((step) => timings[step] > 0) ?? "the beginning")
        })
        const client = yield* Client.fromAgent(agent)
        const piece = Effect.as(Effect.sleep(15), new Uint8Array([97, 98, 99]))
        const upload = (number: number) =>
          Stream.acquireRelease(
            Effect.sync(() => uploading.add(number)),
            () =>
              Effect.zipRight(
                Effect.sleep(5),
                Effect.sync(() => uploading.delete(number))
              )
          ).pipe(Stream.flatMap(() => Stream.take(Stream.repeatEffect(piece), 3)))
        const lookup = () => Effect.as(Effect.sleep(20), [{ address: hosts[0]!, family: 4 }] as const)
        const stuck = () => Effect.never
        const requestOf = (number: number, { host, kind }: Plan["requests"][number]): Client.Request => {
          const url = `http://${hosts[host]}/${number}`
          switch (kind) {
            case "get":
              return { url }
            case "alone":
              return { url, agent: false }
            case "upload":
              return { url, method: "PUT", body: upload(number) }
            case "expect":
              return { url, method: "PUT", body: "some text", expectContinue: true }
            case "lookup":
              return { url: `http://named.test/${number}`, connection: { lookup } }
            case "stuck":
              return { url: `http://nowhere.test/${number}`, connection: { lookup: stuck } }
            case "secure":
              return { url: url.replace("http:", "https:") }
            case "tunnel":
              return { url: url.replace("http:", "https:"), proxy: { https: "10.0.0.9" } }
          }
        }
        const ask = (number: number, request: Plan["requests"][number]) =>
          Effect.gen(function* () {
            const { after, at, turns } = request
            yield* Effect.sleep(at)
            const fiber = yield* Effect.fork(
              Effect.flatMap(client.request(requestOf(number, request)), (response) => response.text)
            )
            yield* Effect.sleep(after).pipe(
              Effect.zipRight(Effect.repeatN(Effect.yieldNow(), turns)),
              Effect.zipRight(Fiber.interrupt(fiber)),
              Effect.fork
            )
            const exit = yield* Fiber.await(fiber)
            // The interruption completes only after the upload has been aborted.
            if (Exit.isInterrupted(exit)) assert.isFalse(uploading.has(number))
            const now = yield* agent.state
            for (const { open } of now.keys.values()) assert.isAtMost(open, maxSockets)
            if (now.queued > 0) assert.isAbove(now.open + now.connecting, 0)
            if (exit._tag === "Success") assert.strictEqual(exit.value, `you /${number}`)
            else assert.isTrue(Exit.isInterrupted(exit), String(exit))
          })
        yield* Effect.forEach(requests, (request, number) => ask(number, request), {
          concurrency: "unbounded",
          discard: true
        })
        const free = yield* agent.state
        assert.strictEqual(free.queued + free.connecting, 0)
        yield* Effect.sleep("5 seconds")
        const { idle, keys, open, queued } = yield* agent.state
        assert.deepStrictEqual(
          { idle, keys: keys.size, open, queued },
          { idle: 0, keys: 0, open: 0, queued: 0 }
        )
        return agent.state
      })
    )
    assert.deepInclude(yield* state, { open: 0, idle: 0, connecting: 0, queued: 0 })
    assert.deepStrictEqual(yield* MemoryNetwork.connections, [])
  })

/** Runs a plan in a simulation. `steps` is the number of runtime steps after which a fiber yields. */
const run = ({ seed, ...plan }: Plan & { readonly seed: number }, seen: Set<string>, steps = 2_048) =>
  Effect.runPromise(
    Simulation.run(
      { seed, report: () => {} },
      Effect.withMaxOpsBeforeYield(
        Effect.provide(check(plan, seen), MemoryNetwork.layer({ latency: 7 })),
        steps
      )
    )
  )

describe("Interruption", () => {
  it("at any step of any mix of requests leaves the counts right and no socket behind", () =>
    fc.assert(
      fc.asyncProperty(plan, (plan) => run(plan, new Set())),
      { numRuns: 30 }
    ))

  it("of each kind of request, every few milliseconds, queued or not, does so too", async () => {
    const seen = new Set<string>()
    for (const kind of kinds) {
      for (let after = 0; after < 140; after += 6) {
        const request = { kind, host: 0, turns: after % 4 }
        const requests = [
          { ...request, at: 0, after },
          { ...request, at: 1, after: Math.max(0, after - 3) }
        ]
        await run({ seed: after, maxSockets: 1, maxTotalSockets: 4, requests }, seen)
      }
    }
    assert.includeMembers([...seen], [...steps])
  })

  // A different `steps` makes the fiber yield between two other runtime steps.
  it("between any two runtime steps, just when TLS is established, does so too", async () => {
    for (let steps = 20; steps < 60; steps++) {
      for (const turns of [0, 1, 2]) {
        const requests = [{ kind: "secure", host: 0, at: 0, after: 28, turns }] as const
        const plan = { maxSockets: 1, maxTotalSockets: 4, requests: [...requests] }
        await run({ seed: turns, ...plan }, new Set(), steps)
      }
    }
  })
})
