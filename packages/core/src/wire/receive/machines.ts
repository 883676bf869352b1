/**
 * The machines of all parsers with the same options. One that is between two messages needs none: what a
 * machine remembers then is what a new one does.
 *
 * Keeps a few that nobody uses, and never more: many connections that rest at the same time are to cost
 * nothing.
 */
import type { ParserOptions } from "./events.js"
import { completeFlags, presets, type Flags } from "../../model/flags.js"
import { makeLimits, type Limits } from "./limits.js"
import { Machine } from "./machine.js"

const maxSpare = 64

export class Machines {
  /** Stands for the machine of a parser that has none; reads nothing. */
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
