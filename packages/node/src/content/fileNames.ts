/**
 * Parses the path of a request target into file names.
 *
 * Decodes the path once. Refuses every target that a file system could understand differently than a reader
 * of the target. Such targets contain dot segments, encoded separators or control characters. On Windows they
 * also contain drives, streams, devices, or names that Windows would rewrite.
 */

/** The decoded names between the slashes of a path. */
export interface Names {
  readonly segments: ReadonlyArray<string>
  /** Whether the path ends with a slash or is empty. */
  readonly isFolder: boolean
}

// Maximum length of a path and of a name that file systems accept, in bytes.
const longestPath = 4096
const longestName = 255

const reserved = /[\\/\x00-\x1f\x7f]/
// Matches drives and streams (`:`), wildcards, names with a trailing dot or space, and short names
// (`SECRET~1.TXT`).
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

/** Returns the path of a request target, without the query. */
export const pathOf = (target: string): string => {
  const end = target.search(/[?#]/)
  return end === -1 ? target : target.slice(0, end)
}

/** Returns the names in a path, or `undefined` if the path cannot name a file. */
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
