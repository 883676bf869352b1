/** Tables that run without a test runner, in a process without Effect. */

export interface Row {
  readonly name: string
  /** Throws on failure. */
  readonly run: () => void
}

export interface Table {
  readonly name: string
  readonly rows: ReadonlyArray<Row>
}

/** The output of `main.ts`, as JSON. */
export interface Results {
  /** By specifier: why it does not resolve; `undefined` if it does. */
  readonly modules: Readonly<Record<string, string | undefined>>
  /** By table and row: how it failed; `undefined` if it passed. */
  readonly tables: Readonly<Record<string, Readonly<Record<string, string | null>>>>
}
