/**
 * A file system in memory on top of the real disk. Files that were not changed in memory are read from the
 * disk. Never writes to the disk.
 *
 * All calls are synchronous, because a simulation fails on asynchronous I/O. An unchanged file is read again
 * at each use.
 */

/** The error of a failed call. `reason` is one of platform's `SystemErrorReason`. */
export class FileFault extends Error {
  constructor(
    readonly reason: "NotFound" | "AlreadyExists" | "PermissionDenied" | "BadResource" | "Unknown",
    message: string
  ) {
    super(message)
  }
}

export class FileNode {
  readonly kind = "File"
  private loaded: Uint8Array | undefined

  constructor(
    private readonly load: () => Uint8Array,
    public size: number,
    public mode: number,
    public modified: number
  ) {}

  /** The buffer of the file. Its first `size` bytes are the content. */
  get bytes(): Uint8Array {
    return (this.loaded ??= this.load())
  }
  set bytes(bytes: Uint8Array) {
    this.loaded = bytes
  }

  get content(): Uint8Array {
    return this.bytes.subarray(0, this.size)
  }
}
export interface FolderNode {
  readonly kind: "Directory"
  mode: number
  modified: number
}
export type Node = FileNode | FolderNode

interface Stats {
  readonly mode: number
  readonly mtimeMs: number
  readonly size: number
  isFile(): boolean
  isDirectory(): boolean
}
interface Disk {
  statSync(path: string): Stats
  readFileSync(path: string): Uint8Array
  readdirSync(path: string): Array<string>
}
interface Host {
  readonly process?: {
    readonly cwd?: () => string
    readonly getBuiltinModule?: (name: string) => unknown
  }
}

const { process: host } = globalThis as Host
const disk = host?.getBuiltinModule?.("node:fs") as Disk | undefined

/** Returns the absolute path, without `.` and `..`. */
export const absolute = (path: string): string => {
  const whole = path.startsWith("/") ? path : `${host?.cwd?.() ?? ""}/${path}`
  const parts: Array<string> = []
  for (const part of whole.split("/")) {
    if (part === "..") parts.pop()
    else if (part !== "" && part !== ".") parts.push(part)
  }
  return `/${parts.join("/")}`
}

export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/"
const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

const reasons: Readonly<Record<string, FileFault["reason"]>> = {
  ENOENT: "NotFound",
  ENOTDIR: "NotFound",
  EACCES: "PermissionDenied",
  EPERM: "PermissionDenied",
  EISDIR: "BadResource"
}

const onDisk = <A>(read: () => A): A => {
  try {
    return read()
  } catch (error) {
    const { code = "", message } = error as Error & { readonly code?: string }
    throw new FileFault(reasons[code] ?? "Unknown", message)
  }
}

export class MemoryFiles {
  /**
   * The entries in memory, by absolute path. `undefined` marks a removed entry, and hides the entry with the
   * same path on the disk.
   */
  private readonly nodes = new Map<string, Node | undefined>([
    ["/", { kind: "Directory", mode: 0o755, modified: 0 }]
  ])
  /**
   * Paths that were removed. Entries on the disk at or below these paths stay hidden, even if a path is
   * created again.
   */
  private readonly detached = new Set<string>()
  private temporary = 0

  constructor(private readonly now: () => number) {}

  find(path: string): Node | undefined {
    if (this.nodes.has(path)) return this.nodes.get(path)
    if (disk === undefined || this.hidden(path)) return undefined
    let stats: Stats
    try {
      stats = disk.statSync(path)
    } catch {
      return undefined
    }
    const { mode, mtimeMs: modified, size } = stats
    if (stats.isDirectory()) return { kind: "Directory", mode: mode & 0o777, modified }
    if (!stats.isFile()) return undefined
    return new FileNode(() => onDisk(() => disk.readFileSync(path)), size, mode & 0o777, modified)
  }

  get(path: string): Node {
    const node = this.find(path)
    if (node === undefined) throw new FileFault("NotFound", `no such file or directory: ${path}`)
    return node
  }

  file(path: string): FileNode {
    const node = this.get(path)
    if (node.kind !== "File") throw new FileFault("BadResource", `is a directory: ${path}`)
    return node
  }

  /**
   * Returns a file that may be changed. A file on the disk becomes a file in memory, whose content is read at
   * its first use.
   */
  changing(path: string): FileNode {
    const file = this.file(path)
    this.nodes.set(path, file)
    return file
  }

  create(path: string, mode = 0o644): FileNode {
    if (this.get(parentOf(path)).kind !== "Directory")
      throw new FileFault("NotFound", `no such directory: ${parentOf(path)}`)
    const file = new FileNode(() => new Uint8Array(0), 0, mode, this.now())
    this.nodes.set(path, file)
    return file
  }

  makeFolder(path: string, options: { readonly recursive?: boolean; readonly mode?: number } = {}): void {
    const node = this.find(path)
    if (node !== undefined) {
      if (options.recursive === true && node.kind === "Directory") return
      throw new FileFault("AlreadyExists", `already exists: ${path}`)
    }
    const parent = parentOf(path)
    if (options.recursive === true) this.makeFolder(parent, options)
    else if (this.get(parent).kind !== "Directory")
      throw new FileFault("NotFound", `no such directory: ${parent}`)
    this.nodes.set(path, { kind: "Directory", mode: options.mode ?? 0o755, modified: this.now() })
  }

  /** Returns a new unique path, and creates the path's parent folder. */
  temporaryPath(folder = "/tmp", prefix = "", suffix = ""): string {
    const parent = absolute(folder)
    this.makeFolder(parent, { recursive: true })
    for (;;) {
      const path = `${parent === "/" ? "" : parent}/${prefix}httpfx-${++this.temporary}${suffix}`
      if (this.find(path) === undefined) return path
    }
  }

  list(path: string): Array<string> {
    if (this.get(path).kind !== "Directory") throw new FileFault("BadResource", `not a directory: ${path}`)
    const names = new Set<string>()
    if (disk !== undefined && !this.hidden(path)) {
      try {
        for (const name of disk.readdirSync(path)) names.add(name)
      } catch {
        // The directory is missing on the disk, so list only its entries in memory.
      }
    }
    for (const [other, node] of this.nodes) {
      if (other === "/" || parentOf(other) !== path) continue
      if (node === undefined) names.delete(nameOf(other))
      else names.add(nameOf(other))
    }
    return [...names].sort()
  }

  remove(path: string, recursive: boolean): void {
    if (this.get(path).kind === "Directory" && !recursive && this.list(path).length > 0)
      throw new FileFault("Unknown", `the directory is not empty: ${path}`)
    for (const other of [...this.nodes.keys()]) if (other.startsWith(`${path}/`)) this.nodes.delete(other)
    this.nodes.set(path, undefined)
    this.detached.add(path)
  }

  copy(from: string, to: string): void {
    const node = this.get(from)
    if (node.kind === "Directory") {
      this.makeFolder(to, { recursive: true, mode: node.mode })
      for (const name of this.list(from)) this.copy(`${from}/${name}`, `${to}/${name}`)
    } else this.write(this.create(to, node.mode), 0, node.content)
  }

  write(file: FileNode, at: number, data: Uint8Array): void {
    const end = at + data.length
    if (end > file.bytes.length) this.room(file, Math.max(end, 2 * file.size))
    file.bytes.set(data, at)
    file.size = Math.max(file.size, end)
    file.modified = this.now()
  }

  truncate(file: FileNode, size: number): void {
    if (size > file.bytes.length) this.room(file, size)
    else file.bytes.fill(0, size)
    file.size = size
    file.modified = this.now()
  }

  private room(file: FileNode, size: number): void {
    const bytes = new Uint8Array(size)
    bytes.set(file.bytes.subarray(0, file.size))
    file.bytes = bytes
  }

  private hidden(path: string): boolean {
    for (let folder = path; folder !== "/"; folder = parentOf(folder))
      if (this.detached.has(folder)) return true
    return false
  }
}
