/**
 * The faults of the network: changing conditions, single random faults, and longer faults that end by
 * themselves.
 *
 * Reports to the ledger which connections a fault has hit, and which connection carries which request, as
 * parsed from the bytes. Every fault ends by itself, so that requests need no timeouts.
 */
import * as Effect from "effect/Effect"
import type { NameNotResolved } from "@httpfx/core/HttpError"
import type * as Scope from "effect/Scope"
import * as Fault from "@httpfx/testing/Fault"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as Verdict from "@httpfx/testing/Verdict"
import { between, pick, type Draw } from "./ask.js"
import type { Ledger } from "./ledger.js"
import type { Trace } from "./trace.js"

const mark = Buffer.from("\r\nx-id: ", "latin1")
const longestId = 60

/** Finds the ids of requests in the bytes that clients send, even across segments. */
class Reader {
  private readonly rests = new Map<number, Buffer>()

  constructor(private readonly ledger: Ledger) {}

  read(connection: number, bytes: Uint8Array): void {
    const rest = this.rests.get(connection)
    const fresh = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const all = rest === undefined ? fresh : Buffer.concat([rest, fresh])
    let from = 0
    for (let at = all.indexOf(mark); at >= 0; at = all.indexOf(mark, from)) {
      const end = all.indexOf("\r\n", at + mark.length, "latin1")
      if (end < 0) break
      this.ledger.carries(connection, all.toString("latin1", at + mark.length, end))
      from = end
    }
    this.rests.set(connection, all.subarray(Math.max(from, all.length - mark.length - longestId)))
  }

  forget(connection: number): void {
    this.rests.delete(connection)
  }
}

const serverOf = ({ server }: Verdict.Link): string =>
  server.names[0] ?? (server.address?._tag === "TcpAddress" ? server.address.hostname : "?")

const drawAttempt = (draw: Draw): readonly [kind: string, verdict: Verdict.Verdict] =>
  pick(draw, [
    [4, ["refused", Verdict.Refuse()]],
    [2, ["unreachable", Verdict.Fail("EHOSTUNREACH")]],
    [3, ["connect timeout", Verdict.Drop(between(draw, 1_000, 12_000))]],
    [4, ["connect delay", Verdict.Delay(between(draw, 100, 4_000))]]
  ])

const drawName = (draw: Draw): readonly [kind: string, verdict: Verdict.Verdict] =>
  pick(draw, [
    [3, ["name unknown", Verdict.Fail("ENOTFOUND")]],
    [3, ["resolver down", Verdict.Fail("EAI_AGAIN")]],
    [2, ["name delay", Verdict.Delay(between(draw, 50, 3_000))]]
  ])

const drawSegment = (draw: Draw, size: number): readonly [kind: string, verdict: Verdict.Verdict] => {
  const after = draw() < 0.3 ? 0 : between(draw, 0, size)
  return pick(draw, [
    [7, ["reset", Verdict.Reset({ after })]],
    [5, ["truncated", Verdict.Truncate({ after })]],
    [6, ["delay", Verdict.Delay(between(draw, 50, 6_000), { after })]],
    [4, ["lost and sent again", Verdict.Drop()]],
    [4, ["reader stalled", Verdict.Stall(between(draw, 100, 6_000), { after })]]
  ])
}

const attemptFails = ({ _tag }: Verdict.Verdict): boolean =>
  _tag === "Refuse" || _tag === "Fail" || _tag === "Drop"

export class Weather {
  /** The probability that a fault hits a segment. */
  readonly rate: number
  private readonly reader: Reader
  /** Delayed attempts to connect. Their connections count as hit when they are known. */
  private readonly delayed: Array<string> = []
  private readonly addresses = new Map<string, string>()

  constructor(
    private readonly ledger: Ledger,
    private readonly trace: Trace,
    private readonly draw: Draw,
    private readonly machines: ReadonlyArray<string>,
    private readonly services: ReadonlyArray<string>,
    private readonly span: number
  ) {
    this.reader = new Reader(ledger)
    this.rate = 0.012 + 0.03 * draw()
  }

  /** Installs the faults until the scope closes. */
  get start(): Effect.Effect<void, NameNotResolved, MemoryNetwork.MemoryNetwork | Scope.Scope> {
    return Effect.all(
      [
        this.lookUp,
        ...this.conditions,
        MemoryNetwork.rule(this.decide, this.observe),
        ...[
          this.silences,
          this.resets,
          this.partitions,
          this.lateHeads,
          this.cutAnswers,
          this.slowMinutes
        ].map((script) => Effect.forkScoped(script))
      ],
      { discard: true }
    )
  }

  private get lookUp() {
    return Effect.flatMap(MemoryNetwork.MemoryNetwork, ({ network }) =>
      Effect.forEach(
        this.services,
        (name) => Effect.map(network.resolve(name), ([{ address }]) => this.addresses.set(name, address)),
        { discard: true }
      )
    )
  }

  private readonly observe = ({ bytes, from, kind, link, offset, size }: Verdict.Passing): void => {
    this.trace.line(`${kind} ${link.id} ${from} ${offset} ${size} ${serverOf(link)}`)
    if (kind === "Dns" || kind === "Connect") return
    if (kind !== "Segment") return this.reader.forget(link.id)
    this.trace.data(bytes)
    if (from !== "client") return
    if (offset === 0) this.metLate(link)
    this.reader.read(link.id, bytes)
  }

  private metLate(link: Verdict.Link): void {
    const at = this.delayed.indexOf(serverOf(link))
    if (at < 0) return
    this.delayed.splice(at, 1)
    this.ledger.late(link.id)
  }

  /**
   * Returns whether a link leads to a service. Only such links have faults, because the times of trials must
   * be exact.
   */
  private reaches(link: Verdict.Link): boolean {
    return this.services.includes(serverOf(link))
  }

  private readonly decide = ({ kind, link, size }: Verdict.Passing): Verdict.Verdict => {
    const { draw } = this
    if (!this.reaches(link)) return Verdict.Pass()
    if (kind === "Segment") {
      if (draw() >= this.rate) return Verdict.Pass()
      const [name, verdict] = drawSegment(draw, size)
      this.ledger.damage(link.id, serverOf(link), name)
      return verdict
    }
    if (kind !== "Connect" && kind !== "Dns") return Verdict.Pass()
    if (draw() >= 1.5 * this.rate) return Verdict.Pass()
    const [name, verdict] = kind === "Connect" ? drawAttempt(draw) : drawName(draw)
    const fails = attemptFails(verdict)
    this.ledger.damageAttempt(serverOf(link), name, fails)
    if (!fails) this.delayed.push(serverOf(link))
    return verdict
  }

  // ---- conditions

  private get conditions() {
    const { draw, machines, services } = this
    const small = machines[between(draw, 0, machines.length - 1)]!
    return [
      ...machines.map((from) =>
        MemoryNetwork.condition(
          { from },
          {
            latency: between(draw, 1, 80),
            jitter: between(draw, 0, 20),
            bandwidth: between(draw, 100, 5_000) * 1_000,
            segmentSize: 16_384,
            sendWindow: 16_384,
            receiveWindow: 32_768
          }
        )
      ),
      MemoryNetwork.condition({ from: small }, { segmentSize: { min: 300, max: 1_460 } }),
      ...services.map((from) =>
        MemoryNetwork.condition({ from }, { latency: draw() < 0.5 ? 0 : between(draw, 1, 5) })
      )
    ]
  }

  private get slowMinutes() {
    const { draw, machines } = this
    return this.episodes(2, 60_000, () =>
      MemoryNetwork.condition(
        { from: machines[between(draw, 0, machines.length - 1)]! },
        { latency: between(draw, 200, 800), bandwidth: between(draw, 60, 300) * 1_000 }
      )
    )
  }

  // ---- faults that end by themselves

  /** Runs `count` episodes one at a time, at times drawn from the seed. */
  private episodes<R>(count: number, length: number, begin: () => Effect.Effect<void, never, R>) {
    const { draw, span } = this
    const one = Effect.suspend(() =>
      Effect.scoped(Effect.zipRight(begin(), Effect.sleep(between(draw, length / 4, length))))
    )
    const pause = Effect.suspend(() => Effect.sleep(between(draw, 0, (2 * span) / count - length)))
    return Effect.repeatN(Effect.zipRight(pause, one), count - 1)
  }

  /** A connection delivers nothing in either direction. */
  private get silences() {
    return this.episodes(8, 20_000, () =>
      MemoryNetwork.rule(this.once("Segment", "silence", () => Verdict.Silence({ both: true })))
    )
  }

  /** All events between two services, or between a client host and the first service, are withheld. */
  private get partitions() {
    const { draw, ledger, machines, services } = this
    return this.episodes(1, 25_000, () => {
      const apart = between(draw, 1, services.length) % services.length
      const to = services[apart]!
      const from = apart === 0 ? machines[between(draw, 0, machines.length - 1)]! : services[apart - 1]!
      const held = new Set<number>()
      return MemoryNetwork.rule(({ kind, link }) => {
        if (kind === "Dns" || serverOf(link) !== to || !link.client.names.includes(from))
          return Verdict.Pass()
        if (link.id > 0 && !held.has(link.id)) ledger.damage(link.id, to, "partition")
        if (link.id === 0) {
          ledger.damageAttempt(to, "partition", false)
          this.delayed.push(to)
        }
        held.add(link.id)
        return Verdict.Silence({ both: true })
      })
    })
  }

  /** Every response of a service begins late. */
  private get lateHeads() {
    const { draw, ledger } = this
    return this.episodes(2, 8_000, () =>
      Fault.optional(
        Fault.http({ origin: `${this.anyService()}:80` }, (point) => {
          ledger.damage(point.link.id, serverOf(point.link), "late head")
          return Verdict.Delay(between(draw, 100, 3_000))
        })
      )
    )
  }

  /** Chunked responses are cut within the body. */
  private get cutAnswers() {
    const { ledger } = this
    return this.episodes(4, 15_000, () =>
      Fault.optional(
        Fault.http({ origin: `${this.anyService()}:80`, afterChunk: 1 }, (point) => {
          ledger.damage(point.link.id, serverOf(point.link), "cut in a chunked answer")
          return Verdict.Reset()
        })
      )
    )
  }

  /** All connections to a service are reset at the same moment, including idle connections. */
  private get resets() {
    const { ledger } = this
    return this.episodes(2, 1_000, () =>
      Effect.gen(this, function* () {
        const to = this.anyService()
        for (const { id, server } of yield* MemoryNetwork.connections) {
          if (server.address?._tag !== "TcpAddress") continue
          if (server.address.hostname === this.addresses.get(to)) ledger.damage(id, to, "all reset")
        }
        yield* MemoryNetwork.reset({ to })
      })
    )
  }

  private anyService(): string {
    return this.services[between(this.draw, 0, this.services.length - 1)]!
  }

  private once(kind: Verdict.Passing["kind"], name: string, verdict: () => Verdict.Verdict): Verdict.Rule {
    const { draw, ledger } = this
    let left = 1
    return (passing) => {
      if (left === 0 || passing.kind !== kind || !this.reaches(passing.link) || draw() < 0.7)
        return Verdict.Pass()
      left--
      ledger.damage(passing.link.id, serverOf(passing.link), name)
      return verdict()
    }
  }
}
