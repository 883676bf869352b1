/**
 * The rules of a memory network in the order of their installation. Also stores the events that each rule
 * withholds until the rule is removed.
 */
import type { Passing, Rule, Verdict } from "../Verdict.js"

/** An installed rule. */
export interface Installed {
  readonly rule: Rule
  readonly observe: ((passing: Passing) => void) | undefined
  /** Functions to call when the rule is removed. They release the events that the rule has withheld. */
  readonly held: Set<() => void>
}

export interface Found {
  readonly verdict: Verdict
  readonly by: Installed
}

export class Rules {
  private readonly list: Array<Installed> = []

  get empty(): boolean {
    return this.list.length === 0
  }

  install(rule: Rule, observe?: (passing: Passing) => void): Installed {
    const installed = { rule, observe, held: new Set<() => void>() }
    this.list.push(installed)
    return installed
  }

  /** Installs a rule before all existing rules. */
  installFirst(rule: Rule): Installed {
    const installed = { rule, observe: undefined, held: new Set<() => void>() }
    this.list.unshift(installed)
    return installed
  }

  remove(installed: Installed): void {
    const index = this.list.indexOf(installed)
    if (index < 0) return
    this.list.splice(index, 1)
    const waiting = [...installed.held]
    installed.held.clear()
    for (const release of waiting) release()
  }

  /**
   * Calls all observers, and then returns the first verdict other than `Pass`. Returns `undefined` if all
   * rules return `Pass`.
   */
  ask(passing: Passing): Found | undefined {
    for (const { observe } of this.list) observe?.(passing)
    for (const by of this.list) {
      const verdict = by.rule(passing)
      if (verdict._tag !== "Pass") return { verdict, by }
    }
    return undefined
  }
}
