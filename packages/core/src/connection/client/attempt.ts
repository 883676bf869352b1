/**
 * An attempt to connect, for an exchange or for a loan (`loan.ts`), which lends the connection to a borrower.
 */
import type { RequestLoss } from "../../model/loss.js"
import type { Transport } from "../../seams/transport.js"
import type { ParserOptions } from "../../wire/index.js"
import type { Connecting, Opening, Pooled, Served } from "./ports.js"
import type { Bucket } from "./queue.js"

/** Receiver of the result of an attempt. Exactly one of the methods is called, once. */
interface AttemptOwner {
  opened(attempt: Attempt, transport: Transport, parser: ParserOptions): void
  notOpened(attempt: Attempt, loss: RequestLoss): void
}

export class Attempt implements Connecting, Opening {
  over = false
  /** Aborts the attempt. Does nothing until `Connector.connect` has returned. */
  cancel = nothing
  private waiting: (() => void) | undefined = undefined

  constructor(
    private readonly owner: AttemptOwner,
    readonly exchange: Served,
    readonly bucket: Bucket<Served, Pooled>
  ) {}

  enter(step: "connect" | "secure"): void {
    this.exchange.watch?.enter(step)
  }

  done(transport: Transport, parser: ParserOptions): void {
    this.end()
    this.owner.opened(this, transport, parser)
  }

  failed(loss: RequestLoss): void {
    this.end()
    this.owner.notOpened(this, loss)
  }

  whenOver(f: () => void): void {
    if (this.over) f()
    else this.waiting = f
  }

  private end(): void {
    this.over = true
    this.waiting?.()
  }
}

function nothing(): void {}
