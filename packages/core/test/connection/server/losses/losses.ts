/**
 * A table of every loss, policy and phase of a server connection: the calls to the transport and to the
 * owner, with their order and number.
 *
 * Policies with the same result for a loss and a phase share one cell.
 */
import { strict as assert } from "node:assert"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename } from "node:path"
import type { Settings } from "../../../../src/connection/server/ports.js"
import type { Policy } from "../../../../src/model/serverState.js"
import type { ScriptedTransport } from "../../../support/connection/scriptedTransport.js"
import { ServerWorld, type Given } from "../../../support/connection/serverWorld.js"
import type { Row, Table } from "../../table.js"
import { chunkedHead } from "../requests.js"
import { handlers, phases, type Phase } from "./phases.js"

interface Policies {
  readonly allowHalfOpen: boolean
  /** Whether the owner responds to refused requests and gets reports of faults. */
  readonly answers: boolean
  readonly drainPolicy: Policy
}

interface Stage {
  readonly world: ServerWorld
  readonly transport: ScriptedTransport
  readonly phase: Phase
}

interface Loss {
  /** The time limits of the server, ms. All other limits are off. */
  readonly timeouts?: Partial<Settings["timeouts"]>
  readonly acts: Readonly<Record<string, (stage: Stage) => void>>
}

const silence = (timeouts: Partial<Settings["timeouts"]>): Loss => ({
  timeouts,
  acts: { "a minute passes": ({ world }) => world.timers.advance(60_000, world.settle) }
})

const kinds: Readonly<Record<string, Loss>> = {
  "the client ends": { acts: { FIN: ({ transport }) => transport.ends() } },
  "the client resets": { acts: { RST: ({ transport }) => transport.fails() } },
  "the connection closes": { acts: { close: ({ transport }) => transport.closes() } },
  "the client sends what is not HTTP": {
    acts: { bytes: ({ phase, transport }) => transport.sends(phase.malformed ?? "\0") }
  },
  "the client sends a request that is not HTTP behind its head": {
    acts: { bytes: ({ transport }) => transport.sends(`${chunkedHead("/read")}z\r\n`) }
  },
  "the head is late": silence({ headersTimeout: 10_000 }),
  "the request is late": silence({ requestTimeout: 10_000 }),
  "nothing moves": silence({ timeout: 10_000 }),
  "too little moves": silence({ progressTimeout: 10_000 }),
  "no request comes": silence({ keepAliveTimeout: 9_000 }),
  "the handler ends": { acts: { end: ({ world }) => world.exchanges.at(-1)?.returns() } },
  "the handler cuts its response": { acts: { cut: ({ world }) => world.exchanges.at(-1)?.cuts() } },
  "all connections are closed": { acts: { close: ({ world }) => world.life.closeAllConnections() } },
  "the server shuts down": {
    acts: {
      drain: ({ world }) => world.life.drain(),
      "the grace is over": ({ world }) => world.life.endIdle(),
      interrupt: ({ world }) => world.life.interruptAll(),
      "end all": ({ world }) => world.life.endAll()
    }
  }
}

const booleans = [false, true]
const drainPolicies: ReadonlyArray<Policy> = ["interruptAtDeadline", "interruptAtDrain", "wait"]
const policies: ReadonlyArray<Policies> = booleans.flatMap((allowHalfOpen) =>
  booleans.flatMap((answers) => drainPolicies.map((drainPolicy) => ({ allowHalfOpen, answers, drainPolicy })))
)

const unlimited = {
  headersTimeout: 0,
  requestTimeout: 0,
  timeout: 0,
  progressTimeout: 0,
  keepAliveTimeout: 0
}

const given = (loss: Loss, phase: Phase, policy: Policies, observed: boolean): Given => ({
  settings: { allowHalfOpen: policy.allowHalfOpen, ...phase.settings },
  timeouts: { ...unlimited, ...loss.timeouts },
  answer: policy.answers
    ? (rejecting) => (phase.refusing === true ? undefined : rejecting.answerByDefault())
    : undefined,
  prepare: (exchange) => (exchange.drainPolicy = policy.drainPolicy),
  handlers,
  observed
})

/** Returns the calls after a loss, for one loss, phase and policy. */
const cell = (loss: Loss, phase: Phase, policy: Policies, observed = true): ReadonlyArray<string> => {
  const world = new ServerWorld(given(loss, phase, policy, observed))
  const transport = world.connect({ ...(phase.room === undefined ? {} : { room: phase.room }) })
  if (phase.sent !== "") world.act(() => transport.sends(phase.sent))
  const lines: Array<string> = []
  const note = (what: string, f: () => void): void => {
    const seen = world.act(f)
    if (seen.length > 0) lines.push(`${what}:`, ...seen.map((line) => `  ${line}`))
  }
  for (const [what, act] of Object.entries(loss.acts)) note(what, () => act({ world, transport, phase }))
  note("ten minutes later", () => world.timers.advance(600_000, world.settle))
  if (!transport.closed) {
    note("the client takes what there is, and ends", () => {
      transport.takes(transport.buffered)
      transport.ends()
    })
    note("an hour later", () => world.timers.advance(3_600_000, world.settle))
  }
  if (!transport.closed) note("RST", () => transport.fails())
  for (const exchange of world.exchanges) world.act(() => exchange.returns())
  check(world, transport, observed)
  return lines
}

// Checks the result of any loss in any phase.
const check = ({ exchanges, held, lines }: ServerWorld, transport: ScriptedTransport, observed: boolean) => {
  const count = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).length
  assert.ok(transport.closed, "it is closed")
  assert.deepEqual(held, [], "nothing is held")
  for (const { losses, number, started } of exchanges) {
    assert.ok(losses <= 1, `exchange ${number} is lost at most once`)
    if (observed && started)
      assert.equal(count(RegExp(`^event #${number} ended `)), 1, `exchange ${number} ends once`)
  }
  if (observed) assert.equal(count(/^event connection closed /), 1, "its end is told once")
}

const without = (lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.filter((line) => !line.startsWith("  event "))

const dimensions = {
  allowHalfOpen: (on: boolean) => (on ? "half-open" : "not half-open"),
  answers: (on: boolean) => (on ? "owner answers" : "owner does not answer"),
  drainPolicy: (policy: Policy) => policy
}

/** Describes policies that have the same result for a loss and a phase. */
const label = (same: ReadonlyArray<Policies>): string => {
  const words: Array<string> = []
  let size = 1
  for (const [name, word] of Object.entries(dimensions) as Array<
    [keyof Policies, (value: never) => string]
  >) {
    const values = new Set(same.map((policy) => policy[name]))
    size *= values.size
    if (values.size < new Set(policies.map((policy) => policy[name])).size)
      words.push([...values].map((value) => word(value as never)).join(" or "))
  }
  if (size !== same.length)
    return same
      .map((policy) =>
        Object.entries(dimensions)
          .map(([name, word]) => word(policy[name as never] as never))
          .join(", ")
      )
      .join(" | ")
  return words.length === 0 ? "all policies" : words.join(", ")
}

/** Returns the recorded lines of a loss and a phase, for all policies. */
const section = (loss: Loss, phase: Phase): ReadonlyArray<string> => {
  const groups = new Map<string, Array<Policies>>()
  for (const policy of policies) {
    const lines = cell(loss, phase, policy)
    // Repeat the loss without observers, because observers must not change the behaviour.
    const unobserved = cell(loss, phase, policy, false)
    assert.deepEqual(
      without(lines).filter(isSaid),
      without(unobserved).filter(isSaid),
      "the same without observers"
    )
    const text = lines.join("\n")
    groups.set(text, [...(groups.get(text) ?? []), policy])
  }
  return [...groups].flatMap(([text, same], index) => [
    ...(index === 0 ? [] : [""]),
    `[${label(same)}]`,
    ...(text === "" ? ["nothing"] : text.split("\n"))
  ])
}

const isSaid = (line: string): boolean => line.startsWith("  ")

const recorded = new URL("./recorded/", import.meta.url)
const fileOf = (loss: string) => new URL(`${loss.replaceAll(" ", "-")}.txt`, recorded)
const recording = process.env["HTTPFX_TRACES"] === "record"

const parse = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text
      .split(/^## /m)
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf("\n")), part.slice(part.indexOf("\n")).trim()])
  )

const tableOf = ([name, loss]: [string, Loss]): Table => {
  const file = fileOf(name)
  const seen = new Map<string, string>()
  const committed = existsSync(file) ? parse(readFileSync(file, "utf8")) : new Map<string, string>()
  const cells = Object.entries(phases).map(([where, phase]): Row => ({
    name: where,
    run: () => {
      const text = section(loss, phase).join("\n")
      seen.set(where, text)
      if (!recording) assert.equal(text, committed.get(where), "npm run traces -- --record")
    }
  }))
  const whole = () => {
    if (recording) {
      mkdirSync(recorded, { recursive: true })
      writeFileSync(file, [...seen].map(([where, text]) => `## ${where}\n\n${text}\n`).join("\n"))
    } else assert.deepEqual([...committed.keys()], Object.keys(phases))
  }
  return { name: `where ${name}`, rows: [...cells, { name: "no cell is left over", run: whole }] }
}

export const losses: ReadonlyArray<Table> = [
  ...Object.entries(kinds).map(tableOf),
  {
    name: "the table of losses",
    rows: [
      {
        name: "no file is left over",
        run: () =>
          assert.deepEqual(
            readdirSync(recorded).sort(),
            Object.keys(kinds)
              .map((name) => basename(fileOf(name).pathname))
              .sort()
          )
      }
    ]
  }
]
