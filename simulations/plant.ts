/**
 * A bug as a patch: what stands in a file, once, and what stands there instead.
 *
 * One that does not apply any more is an error that names its places, never a bug that nobody has planted.
 */
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"

/** A change of one place. */
export interface Change {
  readonly file: string
  /** What stands there, once. */
  readonly find: string
  readonly replace: string
}

/** A bug: one change, or two where one alone is caught. */
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

/** Fails where a bug of files in `folder` does not apply. */
export const check = async (folder: string, bug: Planted): Promise<void> => {
  for (const change of changesOf(bug)) await changed(folder, bug, change)
}

/** Plants a bug in the files of `folder`; gives the way to take it out again. */
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
