/**
 * Writes a form's files to a temporary folder, like platform's `Multipart.toPersisted`. Each file gets its
 * own path and a file name that every file system accepts, whatever name the client sends.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Multipart from "@effect/platform/Multipart"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { failure, PersistedFilePart } from "./parts.js"

type Persisted = Record<string, Array<Multipart.PersistedFile> | Array<string> | string>

/** Maximum length of a file name in bytes. File systems allow 255 bytes, so a number fits before the name. */
const longestName = 200

const encoder = new TextEncoder()

// Returns the last segment of the name, with `_` for each character that file systems refuse. A long name
// loses its beginning, so that the extension remains.
const safeName = (name: string): string => {
  const last = name.replace(/^.*[/\\]/s, "").replace(/[\x00-\x1f\x7f<>:"|?*\ufffd]/g, "_")
  const characters = [...last]
  for (let bytes = encoder.encode(last).length; bytes > longestName;)
    bytes -= encoder.encode(characters.shift()).length
  const kept = characters.join("").replace(/[. ]+$/, "")
  return kept === "" ? "file" : kept
}

/** Returns the same key for names that a file system may treat as equal, such as `A` and `a`. */
const nameKey = (name: string): string => name.normalize("NFC").toLowerCase()

/** Collects the fields of `parts` and writes its files, which exist until the scope closes. */
export const persist = (
  parts: Stream.Stream<Multipart.Part, Multipart.MultipartError>
): Effect.Effect<
  Multipart.Persisted,
  Multipart.MultipartError,
  FileSystem.FileSystem | Path.Path | Scope.Scope
> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const folder = yield* fs.makeTempDirectoryScoped()
    const persisted: Persisted = Object.create(null)
    const taken = new Set<string>()
    const pathFor = (name: string): string => {
      const safe = safeName(name)
      let free = safe
      for (let number = 2; taken.has(nameKey(free)); number++) free = `${number}-${safe}`
      taken.add(nameKey(free))
      return path.join(folder, free)
    }
    yield* Stream.runForEach(parts, (part) => {
      const values = (persisted[part.key] ?? []) as Array<unknown>
      if (part._tag === "Field") {
        persisted[part.key] =
          part.key in persisted ? ([values, part.value].flat() as Array<string>) : part.value
        return Effect.void
      }
      // A browser sends an empty file name if the user selected no file, so there is no file to write.
      if (part.name === "") return Effect.void
      const file = new PersistedFilePart(part.key, part.name, part.contentType, pathFor(part.name))
      persisted[part.key] = [values, file].flat() as Array<Multipart.PersistedFile>
      return Stream.run(part.content, fs.sink(file.path, { flag: "wx" }))
    })
    return persisted
  }).pipe(
    Effect.catchTags({
      SystemError: (cause) => Effect.fail(failure("InternalError", cause)),
      BadArgument: (cause) => Effect.fail(failure("InternalError", cause))
    })
  )
