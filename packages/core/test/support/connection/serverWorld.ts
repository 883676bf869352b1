/**
 * A server of `connection/server` with scripted transports, timers and owner. Records every call between them
 * as a line.
 *
 * `act` performs an action and all its consequences. Nothing happens outside of `act`.
 */
import { ServerLife, type LifeEvents } from "../../../src/connection/server/life.js"
import { defaultTimeouts, makeSettings } from "../../../src/connection/server/settings.js"
import type {
  ClientErrorHandler,
  ClientFault,
  Connection,
  ConnectionFacts,
  Events,
  Exchange,
  ExchangeHome,
  Owner,
  Rejecting,
  Settings,
  Timeouts
} from "../../../src/connection/server/ports.js"
import { statusOf, type Rejection } from "../../../src/model/loss.js"
import type { DropReason, End, WireFacts } from "../../../src/model/outcome.js"
import type { State } from "../../../src/model/serverState.js"
import type { CloseReason, RequestHead } from "../../../src/wire/index.js"
import { RecordedExchange, type Handler } from "./recordedExchange.js"
import { ScriptedClosings, ScriptedTimers } from "./scriptedTimers.js"
import { ScriptedTransport, type ScriptedOptions } from "./scriptedTransport.js"
import { endText, factsText, lossText } from "./texts.js"

export interface Given {
  readonly settings?: Partial<Omit<Settings, "timeouts">>
  readonly timeouts?: Partial<Timeouts>
  /** The handlers by path. */
  readonly handlers?: Readonly<Record<string, Handler>>
  /** The handler for all other paths. Default: reads the request and responds `ok`. */
  readonly handle?: Handler
  /** Called before a handler starts. */
  readonly prepare?: (exchange: RecordedExchange) => void
  /** Responds to refused requests in place of the server. Default: the server sends its default responses. */
  readonly answer?: ((rejecting: Rejecting) => void) | undefined
  /** Whether the owner serves from the beginning. Default: `true`. */
  readonly served?: boolean
  /** Whether the server has observers. Default: `true`. */
  readonly observed?: boolean
}

const settingsOf = ({ settings, timeouts }: Given): Settings =>
  makeSettings({ sendDate: false, ...settings, timeouts: { ...defaultTimeouts, ...timeouts } })

const ordinary: Handler = (exchange) => exchange.reads(() => exchange.responds("ok"))

export class ServerWorld {
  readonly lines: Array<string> = []
  readonly timers = new ScriptedTimers()
  readonly closings = new ScriptedClosings()
  readonly exchanges: Array<RecordedExchange> = []
  readonly life: ServerLife
  readonly owner: Owner
  private readonly transports: Array<ScriptedTransport> = []

  constructor(given: Given = {}) {
    const say = this.say
    this.life = new ServerLife(
      this.timers,
      settingsOf(given),
      this.closings,
      new RecordedEvents(say, given.observed ?? true)
    )
    this.owner = new RecordingOwner(this, given)
    this.life.enter("ready")
    if (given.served !== false) this.life.serve(this.owner)
    this.lines.length = 0
  }

  readonly say = (line: string): void => void this.lines.push(line)

  connect(options: ScriptedOptions = {}): ScriptedTransport {
    const transport = new ScriptedTransport({ say: this.say, ...options })
    this.transports.push(transport)
    this.act(() => this.life.accept(transport))
    return transport
  }

  /** Performs an action and all its consequences. Returns the recorded lines. */
  act(f: () => void): ReadonlyArray<string> {
    const from = this.lines.length
    f()
    this.settle()
    return this.lines.slice(from)
  }

  /** Advances the clock by `ms`. Returns the recorded lines. */
  pass(ms: number): ReadonlyArray<string> {
    return this.act(() => this.timers.advance(ms, this.settle))
  }

  get exchange(): RecordedExchange {
    return this.exchanges.at(-1)!
  }

  /** The resources that are still held after all connections have closed. The list must be empty. */
  get held(): ReadonlyArray<string> {
    return [
      ...(this.life.connectionCount === 0 ? [] : [`${this.life.connectionCount} connections`]),
      ...this.timers.deadlines.map((deadline) => `a timer at ${deadline}`),
      ...this.exchanges
        .filter(({ isOver, started }) => started && !isOver)
        .map((one) => `handler ${one.number}`)
    ]
  }

  readonly settle = (): void => {
    let moves = true
    while (moves) {
      moves = this.timers.runTurns()
      for (const transport of this.transports) moves = transport.settle() || moves
    }
  }
}

class RecordingOwner implements Owner {
  readonly clientErrors: ClientErrorHandler | undefined

  constructor(
    private readonly world: ServerWorld,
    private readonly given: Given
  ) {
    const { answer } = given
    this.clientErrors = answer === undefined ? undefined : new RecordingHandler(world, answer)
  }

  open(connection: Connection & ExchangeHome, head: RequestHead, number: number): Exchange {
    const exchange = new RecordedExchange(connection, head, number)
    exchange.say = (line) => this.world.say(`#${number} ${line}`)
    exchange.say(`${head.method} ${head.target}`)
    this.world.exchanges.push(exchange)
    return exchange
  }

  run(exchange: Exchange, ended: (exchange: Exchange) => void): void {
    const recorded = exchange as RecordedExchange
    this.given.prepare?.(recorded)
    recorded.starts(() => ended(exchange))
    const handler = this.given.handlers?.[exchange.head.target] ?? this.given.handle ?? ordinary
    handler(recorded)
  }
}

class RecordingHandler implements ClientErrorHandler {
  constructor(
    private readonly world: ServerWorld,
    private readonly respond: (rejecting: Rejecting) => void
  ) {}

  answer(_: ConnectionFacts, rejection: Rejection, rejecting: Rejecting): () => void {
    this.world.say(`owner answers: ${lossText(rejection)}, ${statusOf(rejection)}`)
    let cancelled = false
    this.world.timers.turn(() => {
      if (!cancelled) this.respond(rejecting)
    })
    return () => {
      cancelled = true
      this.world.say("owner's answer is cancelled")
    }
  }

  report(_: ConnectionFacts, error: ClientFault): void {
    this.world.say(`owner is told: ${lossText(error)}`)
  }
}

class RecordedEvents implements LifeEvents, Events {
  constructor(
    private readonly say: (line: string) => void,
    readonly active: boolean
  ) {}

  stateChanged(state: State): void {
    this.say(`event state ${state}`)
  }
  connectionOpened(): void {
    this.say("event connection opened")
  }
  requestReceived({ number }: Exchange): void {
    this.say(`event #${number} received`)
  }
  responseBegun({ number }: Exchange, status: number): void {
    this.say(`event #${number} response ${status}`)
  }
  clientError(_: ConnectionFacts, error: Rejection): void {
    this.say(`event client error ${lossText(error)}`)
  }
  rejected(facts: WireFacts, error: Rejection): void {
    this.say(`event rejected ${lossText(error)}: ${factsText(facts)}`)
  }
  dropped(facts: WireFacts, reason: DropReason): void {
    this.say(`event #${facts.exchange} dropped ${reason}: ${factsText(facts)}`)
  }
  exchangeEnded({ number }: Exchange, facts: WireFacts, end: End): void {
    this.say(`event #${number} ended ${endText(end)}: ${factsText(facts)}`)
  }
  connectionClosed({ bytesIn, bytesOut, exchanges }: ConnectionFacts, reason: CloseReason): void {
    this.say(`event connection closed ${reason}: ${exchanges} exchanges, ${bytesIn} in, ${bytesOut} out`)
  }
}
