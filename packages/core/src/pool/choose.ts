/**
 * Chooses the idle connection that serves a request. Pure functions: never opens or closes a connection.
 */

/**
 * The values of `Scheduling`.
 *
 * @since 0.1.0
 * @category idle
 */
export const schedulings = ["lifo", "fifo"] as const

/**
 * Choice among idle connections. `lifo`: the one that became idle last, so that few stay in use; `fifo`: the
 * longest idle one.
 *
 * @since 0.1.0
 * @category idle
 */
export type Scheduling = (typeof schedulings)[number]

/**
 * The idle `connection` that serves, and its `index` in the list; or the `reason` for none: the list is empty
 * or no member is usable.
 *
 * @since 0.1.0
 * @category idle
 */
export type Choice<C> =
  | {
      readonly _tag: "Reuse"
      /** The idle connection that serves the request. */
      readonly connection: C
      /** Its position among the idle ones. */
      readonly index: number
    }
  | {
      readonly _tag: "None"
      /** `NoneIdle`: there was no idle connection; `NoneUsable`: none of them could be used any more. */
      readonly reason: "NoneIdle" | "NoneUsable"
    }

const noneIdle = { _tag: "None", reason: "NoneIdle" } as const
const noneUsable = { _tag: "None", reason: "NoneUsable" } as const

/**
 * Chooses the connection for the next request. `idle` is ordered by the time at which its members became
 * idle; those that are not `usable` (expired, closed since) are skipped.
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
