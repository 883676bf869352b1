/**
 * Implements platform's `FileSystem` and file responses with files in memory. Unsupported operations (links,
 * owners, watching) fail, as they do in platform's no-op file system.
 */
import { SystemError } from "@effect/platform/Error"
import * as Etag from "@effect/platform/Etag"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as HttpPlatform from "@effect/platform/HttpPlatform"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as FileResponses from "@httpfx/core/FileResponses"
import { absolute, FileFault, MemoryFiles, type FileNode, type Node } from "./files.js"

const attempt = <A>(method: string, path: string, f: () => A): Effect.Effect<A, SystemError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(f())
    } catch (fault) {
      if (!(fault instanceof FileFault)) throw fault
      const { message: description, reason } = fault
      return Effect.fail(
        new SystemError({ module: "FileSystem", method, reason, description, pathOrDescriptor: path })
      )
    }
  })

const infoOf = (node: Node): FileSystem.File.Info => {
  const time = Option.some(new Date(node.modified))
  return {
    type: node.kind,
    mtime: time,
    atime: time,
    birthtime: time,
    dev: 0,
    ino: Option.none(),
    mode: node.mode,
    nlink: Option.none(),
    uid: Option.none(),
    gid: Option.none(),
    rdev: Option.none(),
    size: FileSystem.Size(node.kind === "File" ? node.size : 0),
    blksize: Option.none(),
    blocks: Option.none()
  }
}

let descriptors = 100

const handle = (files: MemoryFiles, file: FileNode, path: string, appends: boolean): FileSystem.File => {
  let at = 0
  const read = (buffer: Uint8Array) => {
    const part = file.content.subarray(at, at + buffer.length)
    buffer.set(part)
    at += part.length
    return part.length
  }
  const write = (method: string, data: Uint8Array) =>
    attempt(method, path, () => {
      const from = appends ? file.size : at
      files.write(file, from, data)
      at = from + data.length
      return FileSystem.Size(data.length)
    })
  return {
    [FileSystem.FileTypeId]: FileSystem.FileTypeId,
    fd: FileSystem.FileDescriptor(++descriptors),
    stat: Effect.sync(() => infoOf(file)),
    seek: (offset, from) =>
      Effect.sync(() => {
        at = Number(offset) + (from === "start" ? 0 : at)
      }),
    sync: Effect.void,
    read: (buffer) => attempt("read", path, () => FileSystem.Size(read(buffer))),
    readAlloc: (size) =>
      attempt("readAlloc", path, () => {
        const buffer = new Uint8Array(Math.min(Number(size), Math.max(0, file.size - at)))
        return read(buffer) === 0 ? Option.none() : Option.some(buffer)
      }),
    truncate: (length = 0) => attempt("truncate", path, () => files.truncate(file, Number(length))),
    write: (data) => write("write", data),
    writeAll: (data) => Effect.asVoid(write("writeAll", data))
  }
}

/**
 * Creates a file system. `now` returns the current time in milliseconds since the epoch, which becomes the
 * modification time of changed files.
 */
export const makeFileSystem = (now: () => number): FileSystem.FileSystem => {
  const files = new MemoryFiles(now)
  const { chown, link, readLink, symlink, watch } = FileSystem.makeNoop({})

  const openFile = (path: string, flag: FileSystem.OpenFlag, mode?: number): FileNode => {
    const known = files.find(path)
    if (flag.includes("x") && known !== undefined)
      throw new FileFault("AlreadyExists", `already exists: ${path}`)
    if (flag === "r") return files.file(path)
    if (known === undefined && flag !== "r+") return files.create(path, mode)
    const file = files.changing(path)
    if (flag.startsWith("w")) files.truncate(file, 0)
    return file
  }
  const open = (path: string, options?: FileSystem.OpenFileOptions) =>
    attempt("open", path, () => {
      const { flag = "r", mode } = options ?? {}
      return handle(files, openFile(absolute(path), flag, mode), path, flag.startsWith("a"))
    })
  const copy = (method: string) => (from: string, to: string, options?: FileSystem.CopyOptions) =>
    attempt(method, from, () => {
      if (options?.overwrite === false && files.find(absolute(to)) !== undefined)
        throw new FileFault("AlreadyExists", `already exists: ${to}`)
      files.copy(absolute(from), absolute(to))
    })
  const remove = (path: string, options?: FileSystem.RemoveOptions) =>
    attempt("remove", path, () => {
      const at = absolute(path)
      if (options?.force === true && files.find(at) === undefined) return
      files.remove(at, options?.recursive === true)
    })
  const makeTempDirectory = (options?: FileSystem.MakeTempDirectoryOptions) =>
    attempt("makeTempDirectory", options?.directory ?? "", () => {
      const path = files.temporaryPath(options?.directory, options?.prefix)
      files.makeFolder(path)
      return path
    })
  const makeTempFile = (options?: FileSystem.MakeTempFileOptions) =>
    attempt("makeTempFile", options?.directory ?? "", () => {
      const path = files.temporaryPath(options?.directory, options?.prefix, options?.suffix)
      files.create(path)
      return path
    })
  const release = (path: string) => Effect.ignore(remove(path, { recursive: true, force: true }))
  const list = (path: string, recursive: boolean): Array<string> =>
    files.list(path).flatMap((name) => {
      const inside = `${path === "/" ? "" : path}/${name}`
      if (!recursive || files.find(inside)?.kind !== "Directory") return [name]
      return [name, ...list(inside, true).map((below) => `${name}/${below}`)]
    })

  return FileSystem.make({
    access: (path) => attempt("access", path, () => void files.get(absolute(path))),
    chmod: (path, mode) =>
      attempt("chmod", path, () => {
        const at = absolute(path)
        const node = files.get(at)
        ;(node.kind === "File" ? files.changing(at) : node).mode = mode
      }),
    chown,
    copy: copy("copy"),
    copyFile: copy("copyFile"),
    link,
    makeDirectory: (path, options) =>
      attempt("makeDirectory", path, () => files.makeFolder(absolute(path), options)),
    makeTempDirectory,
    makeTempDirectoryScoped: (options) => Effect.acquireRelease(makeTempDirectory(options), release),
    makeTempFile,
    makeTempFileScoped: (options) => Effect.acquireRelease(makeTempFile(options), release),
    open,
    readDirectory: (path, options) =>
      attempt("readDirectory", path, () => list(absolute(path), options?.recursive === true)),
    readFile: (path) => attempt("readFile", path, () => files.file(absolute(path)).content.slice()),
    readLink,
    realPath: (path) =>
      attempt("realPath", path, () => {
        files.get(absolute(path))
        return absolute(path)
      }),
    remove,
    rename: (from, to) =>
      attempt("rename", from, () => {
        if (absolute(from) === absolute(to)) return void files.get(absolute(from))
        files.copy(absolute(from), absolute(to))
        files.remove(absolute(from), true)
      }),
    stat: (path) => attempt("stat", path, () => infoOf(files.get(absolute(path)))),
    symlink,
    truncate: (path, length = 0) =>
      attempt("truncate", path, () => files.truncate(files.changing(absolute(path)), Number(length))),
    utimes: (path, _, modified) =>
      attempt("utimes", path, () => {
        files.changing(absolute(path)).modified =
          typeof modified === "number" ? modified * 1000 : modified.getTime()
      }),
    watch,
    writeFile: (path, data, options) =>
      attempt("writeFile", path, () => {
        const { flag = "w", mode } = options ?? {}
        const file = openFile(absolute(path), flag, mode)
        files.write(file, flag.startsWith("a") ? file.size : 0, data)
      })
  })
}

// The most common content types. `NodeHttpPlatform` has the complete list.
const types: Readonly<Record<string, string>> = {
  css: "text/css",
  csv: "text/csv",
  gif: "image/gif",
  htm: "text/html",
  html: "text/html",
  ico: "image/vnd.microsoft.icon",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  js: "text/javascript",
  json: "application/json",
  md: "text/markdown",
  mjs: "text/javascript",
  pdf: "application/pdf",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain",
  wasm: "application/wasm",
  webp: "image/webp",
  xml: "text/xml",
  zip: "application/zip"
}

const typeOf = (name: string) =>
  types[/\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? ""] ?? "application/octet-stream"

/**
 * Creates file responses like those of `NodeHttpPlatform`. The content comes from the `FileSystem` in the
 * context.
 */
export const makePlatform: Effect.Effect<HttpPlatform.HttpPlatform, never, FileSystem.FileSystem> =
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    FileResponses.make({
      read: (path, offset, length) => fs.stream(path, { offset, bytesToRead: length }),
      typeOf
    })
  ).pipe(Effect.provide(Etag.layer))
