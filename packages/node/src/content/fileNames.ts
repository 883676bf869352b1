/**
 * The names of files in a request target.
 *
 * Decodes once, and refuses every target that could name something else to a file system than to a reader of
 * the target: dot segments, encoded separators, control characters, and on Windows drives, streams, devices
 * and names that Windows would rewrite.
 */

/** The names between the slashes of a path, decoded. */
export interface Names {
  readonly segments: ReadonlyArray<string>
  /** The path ends with a slash, or is empty. */
  readonly isFolder: boolean
}

// Longest path and longest name that file systems take, in bytes.
const longestPath = 4096
const longestName = 255

const reserved = /[\\/\x00-\x1f\x7f]/
// Drives and streams (`:`), wildcards, names with a trailing dot or space, and short names (`SECRET~1.TXT`).
const reservedOnWindows = /[<>:"|?*]|[. ]$|~\d/
const devices = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³])(?: *\.|$)/i

const bytesOf = (text: string): number => Buffer.byteLength(text)

const nameOf = (segment: string, windows: boolean): string | undefined => {
  let name: string
  try {
    name = decodeURIComponent(segment)
  } catch {
    return undefined
  }
  if (name === "" || name === "." || name === ".." || reserved.test(name)) return undefined
  if (bytesOf(name) > longestName) return undefined
  if (windows && (reservedOnWindows.test(name) || devices.test(name))) return undefined
  return name
}

/** Returns the path of a target, without query. */
export const pathOf = (target: string): string => {
  const end = target.search(/[?#]/)
  return end === -1 ? target : target.slice(0, end)
}

/** Returns the names in a path; `undefined` if the path names no file. */
export const namesOf = (path: string, windows: boolean): Names | undefined => {
  if (path === "" || path === "/") return { segments: [], isFolder: true }
  if (!path.startsWith("/") || path.length > longestPath) return undefined
  const raw = path.slice(1).split("/")
  const isFolder = raw.at(-1) === ""
  if (isFolder) raw.pop()
  const segments: Array<string> = []
  for (const segment of raw) {
    const name = nameOf(segment, windows)
    if (name === undefined) return undefined
    segments.push(name)
  }
  return { segments, isFolder }
}
