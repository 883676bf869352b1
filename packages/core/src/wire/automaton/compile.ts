/**
 * Compiles the automaton's tables to arrays of numbers, so that a step needs two array reads. States become
 * indices. The result of the joint rules is computed in advance, for every state and every set of facts.
 *
 * The compiler runs once, when the module is loaded, and never adds a rule.
 */
import type { Rule } from "./table.js"

/** The entry in `Half.next` for a signal that the state refuses. */
export const refused = -1

/** Number of possible sets of `Fact`s, which are five bits. */
export const factSets = 32

export interface Half<State extends string, Signal extends string> {
  /** The names of the states, by the number of the state. */
  readonly states: ReadonlyArray<State>
  /** Returns the number of the state with this name. */
  readonly at: (state: State) => number
  /** The next state for each signal and each current state, or `refused`. */
  readonly next: { readonly [S in Signal]: Int8Array }
  /** The state after the joint rules were applied, at the index `state * factSets + facts`. */
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
