/**
 * Pool of machines for parsers with the same options. An idle parser needs none: between messages its state
 * equals a new one.
 *
 * Keeps only a few spare machines, so that many idle connections cost nothing.
 */
import type { ParserOptions } from "./events.js"
import { completeFlags, presets, type Flags } from "../../model/flags.js"
import { makeLimits, type Limits } from "./limits.js"
import { Machine } from "./machine.js"

const maxSpare = 64

export class Machines {
  /** Placeholder machine of an idle parser; reads nothing. */
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
