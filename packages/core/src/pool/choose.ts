/**
 * Chooses the idle connection that serves a request. The functions are pure, and never open or close a
 * connection.
 */

/**
 * The possible values of `Scheduling`.
 *
 * @since 0.1.0
 * @category idle
 */
export const schedulings = ["lifo", "fifo"] as const

/**
 * The rule for choosing among idle connections. `lifo` chooses the connection that became idle last, so that
 * the other connections can time out. `fifo` chooses the connection that has been idle longest.
 *
 * @since 0.1.0
 * @category idle
 */
export type Scheduling = (typeof schedulings)[number]

/**
 * The result of choosing an idle connection. `Reuse` contains the chosen connection, and `None` contains the
 * reason why no connection was chosen.
 *
 * @since 0.1.0
 * @category idle
 */
export type Choice<C> =
  | {
      readonly _tag: "Reuse"
      /** The idle connection that serves the request. */
      readonly connection: C
      /** The position of the connection in the list of idle connections. */
      readonly index: number
    }
  | {
      readonly _tag: "None"
      /** `NoneIdle`: the list is empty. `NoneUsable`: all idle connections have expired or closed. */
      readonly reason: "NoneIdle" | "NoneUsable"
    }

const noneIdle = { _tag: "None", reason: "NoneIdle" } as const
const noneUsable = { _tag: "None", reason: "NoneUsable" } as const

/**
 * Chooses the idle connection for the next request. `idle` lists connections in the order in which they
 * became idle. Connections that are not `usable`, because they have expired or closed, are skipped.
 *
 * @since 0.1.0
 * @category idle
 */
export const choose = <C>(
  idle: ReadonlyArray<C> | undefined,
  scheduling: Scheduling,
  now: number,
  usable: (connection: C, now: number) => boolean
): Choice<C> => {
  if (idle === undefined || idle.length === 0) return noneIdle
  const step = scheduling === "lifo" ? -1 : 1
  for (let index = step < 0 ? idle.length - 1 : 0; index >= 0 && index < idle.length; index += step) {
    const connection = idle[index] as C
    if (usable(connection, now)) return { _tag: "Reuse", connection, index }
  }
  return noneUsable
}
