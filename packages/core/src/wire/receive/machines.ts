/**
 * A pool of machines (parser states) for parsers with the same options. An idle parser needs no machine,
 * because between messages the state of a machine equals the state of a new machine.
 *
 * The pool keeps only a few spare machines and drops all others, so idle connections keep no machines in
 * memory.
 */
import type { ParserOptions } from "./events.js"
import { completeFlags, presets, type Flags } from "../../model/flags.js"
import { makeLimits, type Limits } from "./limits.js"
import { Machine } from "./machine.js"

const maxSpare = 64

export class Machines {
  /** The machine that all idle parsers share as a placeholder. This machine must never read bytes. */
  readonly resting: Machine
  private readonly spare: Array<Machine> = []
  private readonly flags: Flags
  private readonly limits: Limits

  constructor(
    private readonly request: boolean,
    options: ParserOptions
  ) {
    this.flags = completeFlags(options.flags ?? presets.strict)
    this.limits = makeLimits(options.limits)
    this.resting = this.make()
  }

  take(): Machine {
    return this.spare.pop() ?? this.make()
  }

  giveBack(machine: Machine): void {
    if (this.spare.length < maxSpare) this.spare.push(machine)
  }

  private make(): Machine {
    return new Machine(this.request, this.flags, this.limits)
  }
}
