/** Types of the tables. A table runs without a test runner, in a process that cannot load Effect. */

export interface Row {
  readonly name: string
  /** Runs the test of this row. Throws if it fails. */
  readonly run: () => void
}

export interface Table {
  readonly name: string
  readonly rows: ReadonlyArray<Row>
}

/** The output of `main.ts`, which is JSON. */
export interface Results {
  /** For each module of Effect, the error of its import; `undefined` if the import succeeded. */
  readonly modules: Readonly<Record<string, string | undefined>>
  /** For each table and row, the error; `null` if the row passed. */
  readonly tables: Readonly<Record<string, Readonly<Record<string, string | null>>>>
}
