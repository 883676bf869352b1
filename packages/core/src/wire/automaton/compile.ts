/**
 * Compiles the automaton's tables to numbers, so that a step is two array reads: states become indices, and
 * the result of the joint rules is precomputed for every state and set of facts.
 *
 * Runs once, when the module is loaded. Never adds a rule.
 */
import type { Rule } from "./table.js"

/** Stands in place of a next state if the signal is refused. */
export const refused = -1

/** Number of sets of `Fact`s. */
export const factSets = 32

export interface Half<State extends string, Signal extends string> {
  /** State names by number. */
  readonly states: ReadonlyArray<State>
  /** Returns the number of a state. */
  readonly at: (state: State) => number
  /** By signal and state: the next state, or `refused`. */
  readonly next: { readonly [S in Signal]: Int8Array }
  /** By `state * factSets + facts`: the state after the joint rules. */
  readonly settled: Uint8Array
}

export const compile = <State extends string, Signal extends string>(
  steps: { readonly [S in State]: { readonly [G in Signal]?: State } },
  rules: { readonly [S in State]?: ReadonlyArray<Rule<State>> },
  signals: ReadonlyArray<Signal>
): Half<State, Signal> => {
  const states = Object.keys(steps) as Array<State>
  const at = (state: State): number => states.indexOf(state)
  const next = Object.fromEntries(
    signals.map((signal) => [
      signal,
      Int8Array.from(states, (state) => {
        const to = steps[state][signal]
        return to === undefined ? refused : at(to)
      })
    ])
  ) as { [S in Signal]: Int8Array }
  const settle = (state: State, facts: number): State => {
    const rule = rules[state]?.find(({ all, none }) => (facts & (all | none)) === all)
    return rule === undefined ? state : settle(rule.to, facts)
  }
  const settled = Uint8Array.from({ length: states.length * factSets }, (_, i) =>
    at(settle(states[Math.floor(i / factSets)]!, i % factSets))
  )
  return { states, at, next, settled }
}
