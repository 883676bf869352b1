/** Tables that run without a test runner, in a process without Effect. */

export interface Row {
  readonly name: string
  /** Throws if it does not hold. */
  readonly run: () => void
}

export interface Table {
  readonly name: string
  readonly rows: ReadonlyArray<Row>
}

/** What `main.ts` prints, as JSON. */
export interface Results {
  /** By specifier: why it does not resolve; `undefined`: it does. */
  readonly modules: Readonly<Record<string, string | undefined>>
  /** By table and row: how it failed; `undefined`: it holds. */
  readonly tables: Readonly<Record<string, Readonly<Record<string, string | null>>>>
}
