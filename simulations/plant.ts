/**
 * Plants bugs as patches, which replace a text that occurs once in a file.
 *
 * A patch that no longer applies fails with the number of places where its text occurs, so that no bug is
 * skipped silently.
 */
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"

/** A change at one place. */
export interface Change {
  readonly file: string
  /** The text to replace. It occurs exactly once. */
  readonly find: string
  readonly replace: string
}

/** A bug: one change, or two changes if other code would hide the effect of one. */
export interface Planted extends Change {
  readonly name: string
  readonly also?: Change | undefined
}

const changesOf = (bug: Planted): ReadonlyArray<Change> => (bug.also === undefined ? [bug] : [bug, bug.also])

const changed = async (folder: string, bug: Planted, { file, find, replace }: Change): Promise<string> => {
  const text = await readFile(join(folder, file), "utf8")
  const places = text.split(find).length - 1
  if (places !== 1) throw new Error(`"${bug.name}" has ${places} places in ${file}`)
  return text.replace(find, () => replace)
}

/** Fails if a bug does not apply to the files in `folder`. */
export const check = async (folder: string, bug: Planted): Promise<void> => {
  for (const change of changesOf(bug)) await changed(folder, bug, change)
}

/** Plants a bug in the files of `folder`. Returns a function that removes the bug. */
export const plant = async (folder: string, bug: Planted): Promise<() => Promise<void>> => {
  const before: Array<readonly [path: string, text: string]> = []
  await check(folder, bug)
  for (const change of changesOf(bug)) {
    const path = join(folder, change.file)
    before.unshift([path, await readFile(path, "utf8")])
    await writeFile(path, await changed(folder, bug, change))
  }
  return async () => {
    for (const [path, text] of before) await writeFile(path, text)
  }
}
