/** The files of a `TestServer` behave like files of Node.js, and the disk is never changed. */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeContext } from "@httpfx/node"
import * as TestServer from "@httpfx/testing/TestServer"

type Work = (fs: FileSystem.FileSystem, folder: string) => Effect.Effect<unknown, PlatformError, Scope.Scope>

const bytes = (text: string) => new TextEncoder().encode(text)
const textOf = (found: Option.Option<Uint8Array>) =>
  Option.match(found, { onNone: () => "nothing", onSome: (data) => new TextDecoder().decode(data) })

const kindOf = (fs: FileSystem.FileSystem, path: string) =>
  Effect.map(fs.stat(path), ({ size, type }) => [type, type === "File" ? Number(size) : "folder"])

const rows: Readonly<Record<string, Work>> = {
  "write and read": (fs, folder) =>
    Effect.gen(function* () {
      yield* fs.writeFileString(`${folder}/a`, "hello")
      yield* fs.writeFileString(`${folder}/a`, " you", { flag: "a" })
      return [yield* fs.readFileString(`${folder}/a`), yield* kindOf(fs, `${folder}/a`)]
    }),
  "a shorter text replaces the whole": (fs, folder) =>
    Effect.gen(function* () {
      yield* fs.writeFileString(`${folder}/a`, "a long text")
      yield* fs.writeFileString(`${folder}/a`, "short")
      return yield* fs.readFileString(`${folder}/a`)
    }),
  "a file that is not there": (fs, folder) => fs.readFile(`${folder}/none`),
  "a folder that is not there": (fs, folder) => fs.writeFileString(`${folder}/none/a`, ""),
  "whether it is there": (fs, folder) =>
    Effect.gen(function* () {
      yield* fs.writeFileString(`${folder}/a`, "")
      return [yield* fs.exists(`${folder}/a`), yield* fs.exists(`${folder}/b`), yield* fs.exists(folder)]
    }),
  "a folder as a file": (fs, folder) => fs.readFile(folder),
  "a new file where one is": (fs, folder) =>
    Effect.zipRight(
      fs.writeFileString(`${folder}/a`, "x", { flag: "wx" }),
      fs.writeFileString(`${folder}/a`, "y", { flag: "wx" })
    ),
  "folders, and what is in them": (fs, folder) =>
    Effect.gen(function* () {
      yield* fs.makeDirectory(`${folder}/a/b/c`, { recursive: true })
      yield* fs.makeDirectory(`${folder}/a/b`, { recursive: true })
      yield* fs.writeFileString(`${folder}/a/b/file`, "")
      const list = (path: string, recursive: boolean) =>
        Effect.map(fs.readDirectory(path, { recursive }), (names) => [...names].sort())
      return [yield* list(folder, false), yield* list(folder, true), yield* kindOf(fs, `${folder}/a`)]
    }),
  "a folder where one is": (fs, folder) => fs.makeDirectory(folder),
  "a folder in none": (fs, folder) => fs.makeDirectory(`${folder}/a/b`),
  "a file that is removed": (fs, folder) =>
    Effect.gen(function* () {
      yield* fs.writeFileString(`${folder}/a`, "")
      yield* fs.remove(`${folder}/a`)
      yield* fs.remove(`${folder}/a`, { force: true })
      return yield* fs.readDirectory(folder)
    }),
  "a folder that is removed, and made again": (fs, folder) =>
    Effect.gen(function* () {
      yield* fs.makeDirectory(`${folder}/a/b`, { recursive: true })
      yield* fs.writeFileString(`${folder}/a/b/file`, "")
      yield* fs.remove(`${folder}/a`, { recursive: true })
      yield* fs.makeDirectory(`${folder}/a`)
      return yield* fs.readDirectory(`${folder}/a`)
    }),
  "nothing that is removed": (fs, folder) => fs.remove(`${folder}/none`),
  "a file under another name": (fs, folder) =>
    Effect.gen(function* () {
      yield* fs.writeFileString(`${folder}/a`, "moved")
      yield* fs.rename(`${folder}/a`, `${folder}/b`)
      yield* fs.rename(`${folder}/b`, `${folder}/b`)
      yield* fs.copyFile(`${folder}/b`, `${folder}/c`)
      return [yield* fs.readDirectory(folder), yield* fs.readFileString(`${folder}/c`)]
    }),
  "a copy of a folder": (fs, folder) =>
    Effect.gen(function* () {
      yield* fs.makeDirectory(`${folder}/a`)
      yield* fs.writeFileString(`${folder}/a/file`, "copied")
      yield* fs.copy(`${folder}/a`, `${folder}/b`)
      yield* fs.writeFileString(`${folder}/a/file`, "changed")
      return yield* fs.readFileString(`${folder}/b/file`)
    }),
  "what is read piece by piece": (fs, folder) =>
    Effect.gen(function* () {
      yield* fs.writeFileString(`${folder}/a`, "0123456789")
      const file = yield* fs.open(`${folder}/a`)
      const first = textOf(yield* file.readAlloc(4))
      yield* file.seek(1, "current")
      const buffer = new Uint8Array(3)
      const size = yield* file.read(buffer)
      yield* file.seek(9, "start")
      return [
        first,
        Number(size),
        textOf(Option.some(buffer)),
        textOf(yield* file.readAlloc(9)),
        textOf(yield* file.readAlloc(9))
      ]
    }),
  "what is written here and there": (fs, folder) =>
    Effect.gen(function* () {
      const file = yield* fs.open(`${folder}/a`, { flag: "w+" })
      yield* file.writeAll(bytes("hello world"))
      yield* file.seek(6, "start")
      yield* file.writeAll(bytes("there"))
      yield* file.truncate(9)
      return [yield* fs.readFileString(`${folder}/a`), Number((yield* file.stat).size)]
    }),
  "what is longer than it was": (fs, folder) =>
    Effect.gen(function* () {
      yield* fs.writeFileString(`${folder}/a`, "abc")
      yield* fs.truncate(`${folder}/a`, 1)
      yield* fs.truncate(`${folder}/a`, 3)
      return [...(yield* fs.readFile(`${folder}/a`))]
    }),
  "a stream of a part": (fs, folder) =>
    Effect.gen(function* () {
      yield* fs.writeFileString(`${folder}/a`, "0123456789")
      const part = fs.stream(`${folder}/a`, { offset: 2, bytesToRead: 5 })
      return yield* Stream.mkString(Stream.decodeText(part))
    }),
  "a sink": (fs, folder) =>
    Effect.gen(function* () {
      const parts = Array.from({ length: 100 }, (_, index) => bytes(`${index},`))
      yield* Stream.run(Stream.fromIterable(parts), fs.sink(`${folder}/a`))
      return yield* fs.readFileString(`${folder}/a`)
    }),
  "a mode and a time": (fs, folder) =>
    Effect.gen(function* () {
      yield* fs.writeFileString(`${folder}/a`, "", { mode: 0o600 })
      const before = (yield* fs.stat(`${folder}/a`)).mode & 0o777
      yield* fs.chmod(`${folder}/a`, 0o640)
      yield* fs.utimes(`${folder}/a`, 1, 1_000_000)
      const { mode, mtime } = yield* fs.stat(`${folder}/a`)
      return [before, mode & 0o777, Option.getOrNull(mtime)?.getTime()]
    }),
  "a path with dots": (fs, folder) =>
    Effect.gen(function* () {
      yield* fs.makeDirectory(`${folder}/a`)
      yield* fs.writeFileString(`${folder}/a/../b`, "found")
      return yield* fs.readFileString(`${folder}/./a/.././b`)
    }),
  "temporary files": (fs) =>
    Effect.gen(function* () {
      const one = yield* fs.makeTempFileScoped({ prefix: "p-", suffix: ".txt" })
      const other = yield* fs.makeTempFileScoped()
      yield* fs.writeFileString(one, "kept")
      return [one !== other, yield* fs.readFileString(one), /[/\\]p-/.test(one), one.endsWith(".txt")]
    })
}

const outcome = (work: Work) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped()
    const result = yield* Effect.either(work(fs, folder))
    return Either.match(result, {
      onLeft: (error) => ({
        failed: error._tag === "SystemError" ? error.reason : error._tag,
        method: error.method
      }),
      onRight: (value) => ({ value })
    })
  }).pipe(Effect.scoped)

describe("Files of a TestServer", () => {
  it.effect.each(Object.entries(rows))("%s: same result as Node.js", ([, work]) =>
    Effect.gen(function* () {
      const theirs = yield* Effect.provide(outcome(work), NodeContext.layer)
      const ours = yield* Effect.provide(outcome(work), TestServer.layer())
      assert.deepStrictEqual(ours, theirs)
    })
  )

  it.effect("can be read from the disk, which never changes", () => {
    const folder = mkdtempSync(join(tmpdir(), "httpfx-files-"))
    writeFileSync(join(folder, "a"), "on the disk")
    writeFileSync(join(folder, "b"), "on the disk")
    return Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      assert.strictEqual(yield* fs.readFileString(`${folder}/a`), "on the disk")
      yield* fs.writeFileString(`${folder}/a`, "!", { flag: "a" })
      yield* fs.writeFileString(`${folder}/c`, "in memory")
      yield* fs.remove(`${folder}/b`)
      assert.strictEqual(yield* fs.readFileString(`${folder}/a`), "on the disk!")
      assert.deepStrictEqual(yield* fs.readDirectory(folder), ["a", "c"])
      assert.isFalse(yield* fs.exists(`${folder}/b`))
      yield* fs.remove(folder, { recursive: true })
      assert.isFalse(yield* fs.exists(`${folder}/a`))
      yield* fs.makeDirectory(folder)
      assert.deepStrictEqual(yield* fs.readDirectory(folder), [])
      assert.deepStrictEqual(readdirSync(folder).sort(), ["a", "b"])
      assert.strictEqual(readFileSync(join(folder, "a"), "utf8"), "on the disk")
      assert.isFalse(existsSync(join(folder, "c")))
    }).pipe(
      Effect.provide(TestServer.layer()),
      Effect.ensuring(Effect.sync(() => rmSync(folder, { recursive: true })))
    )
  })
})
