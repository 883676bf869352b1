/**
 * Forms: parts and names, for every split of the bytes, and each failure of the body at each position. A
 * failure gives a typed error and the right status, stops the parsing, and does not affect other requests.
 */
import { SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Multipart from "@effect/platform/Multipart"
import * as Path from "@effect/platform/Path"
import { assert, describe, expect, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import { Server, ServerTimeouts, Transport } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"
import { MemoryNetwork, VirtualClock } from "@httpfx/testing"
import * as RawPeer from "@httpfx/testing/RawPeer"
import * as TestServer from "@httpfx/testing/TestServer"
import { get } from "../support/served.js"

const disposition = (parameters: string) => `--x\r\nContent-Disposition: form-data; ${parameters}\r\n\r\n`
const field = (name: string, value: string) => `${disposition(`name="${name}"`)}${value}\r\n`
const file = (name: string, filename: string, content: string) =>
  `${disposition(`name="${name}"; filename="${filename}"`)}${content}\r\n`
const head = (path: string) =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=x\r\n`
const chunked = "Transfer-Encoding: chunked\r\n\r\n"
const encode = (text: string) => new TextEncoder().encode(text)
const chunk = (text: string) => `${encode(text).length.toString(16)}\r\n${text}\r\n`
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

const { HttpServerRequest: Request } = HttpServerRequest

const listed = Effect.flatMap(Request, ({ multipartStream }) =>
  multipartStream.pipe(
    Stream.mapEffect((part) =>
      part._tag === "Field"
        ? Effect.succeed(`${part.key}=${part.value};`)
        : Effect.map(part.contentEffect, (bytes) => `${part.key}/${part.name}=${text(bytes)};`)
    ),
    Stream.runFold("", (all, part) => all + part),
    Effect.map((fields) => HttpServerResponse.text(fields))
  )
)

/** Sends a form, and returns the status and the body of the response. */
const answerTo = (form: string | ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const peer = yield* RawPeer.connect({ host: "server.test", port: 80 })
    const pieces = typeof form === "string" ? [form] : form
    yield* peer.send(
      `${head("/")}Connection: close\r\n${chunked}`,
      ...pieces.map((piece) => encode(chunk(piece))),
      "0\r\n\r\n"
    )
    const [line = "", body = ""] = (yield* peer.rest).split("\r\n\r\n")
    return `${line.slice(9, 12)} ${text(Uint8Array.from(body, (byte) => byte.charCodeAt(0)))}`
  }).pipe(Effect.scoped)

const answersTo = (forms: Readonly<Record<string, string>>) =>
  Effect.map(Effect.all(Object.values(forms).map(answerTo)), (answers) =>
    Object.fromEntries(Object.keys(forms).map((name, i) => [name, answers[i]]))
  )

const long = "y".repeat(5000)
const forms: Readonly<Record<string, readonly [string, string]>> = {
  whole: [
    field("a", "1") +
      file("f", "g", `-x\n\r\n--\r\r\n-x ${long}`) +
      file("e", "g", "") +
      field("b", long) +
      "--x--\r\n",
    `200 a=1;f/g=-x\n\r\n--\r\r\n-x ${long};e/g=;b=${long};`
  ],
  "without parts": ["--x--\r\n", "200 "],
  "with a preamble and an epilogue": [
    "before\r\n" + field("a", "1") + "--x--\r\nand more".padEnd(3000),
    "200 a=1;"
  ],
  "with padding after its delimiters": [field("a", "1").replace("--x", "--x \t") + "--x-- \r\n", "200 a=1;"],
  "with a part that has only fields": [
    '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n--x--',
    "200 a=;"
  ],
  "without its last delimiter": [field("a", "1") + field("b", long), "400 "],
  "cut within its last delimiter": [field("a", "1") + "--x-", "400 "],
  "of nothing": ["", "400 "],
  "with a part without a name": ["--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--", "400 "],
  "with a malformed field line": ["--x\r\nnonsense\r\n\r\n1\r\n--x--", "400 "],
  "with fields that are too large": [`--x\r\nA: ${long.repeat(4)}\r\n\r\n1\r\n--x--`, "400 "],
  "with a delimiter in the fields": [`--x\r\nContent-Disposition: form-data; name=\r\n--x--`, "400 "]
}

describe("a form", () => {
  it.effect.each(Object.entries(forms))("%s, in pieces of any size", ([, [form, expected]]) =>
    Effect.gen(function* () {
      for (const size of [1, 7, 4096])
        assert.strictEqual(yield* answerTo(form.match(new RegExp(`[^]{1,${size}}`, "g")) ?? []), expected)
      // Splits within the first delimiter and within the last delimiter.
      for (const at of [1, 2, 3, 4, -8, -7, -6, -5, -4, -3, -2, -1].map((i) => (i < 0 ? form.length + i : i)))
        if (at > 0 && at < form.length)
          assert.strictEqual(yield* answerTo([form.slice(0, at), form.slice(at)]), expected)
    }).pipe(Effect.provide(TestServer.serve(listed)))
  )

  it.effect("keeps its names as sent, in UTF-8", () => {
    const names: Record<string, readonly [string, string]> = {
      "a file": ['name="файл"; filename="тест.txt"', "файл/тест.txt"],
      "two fields": [`name="назва"\r\n\r\n1\r\n${disposition('name="назві"').slice(0, -4)}`, "назва=1;назві"],
      "in Latin-1 alone": ['name="é"; filename="ü.txt"', "é/ü.txt"],
      "outside the basic plane": ['name="😀"; filename="𝔘.png"', "😀/𝔘.png"],
      "escaped as browsers do": ['name="a%22b"; filename="1%0D%0A2 100%25.txt"', 'a"b/1\r\n2 100%25.txt'],
      "escaped with a backslash": ['name="a\\"b"; filename="c:\\d\\e.txt"', 'a"b/c:\\d\\e.txt'],
      "a backslash at the end": ['name="a\\"; filename="b"', "a\\/b"],
      "a semicolon": ['name="a; filename=b"', "a; filename=b"],
      unquoted: ["name=ім'я; filename=x y.txt", "ім'я/x y.txt"],
      "filename* before filename": [
        `name="f"; filename="plain.txt"; filename*=UTF-8''%D1%82%D0%B5%D1%81%D1%82.txt`,
        "f/тест.txt"
      ],
      "filename* alone": ["name=f; filename*=utf-8'uk'%d0%b0", "f/а"],
      "filename* in Latin-1": ["name=f; filename*=iso-8859-1''%fc.txt", "f/ü.txt"],
      "filename* that is not UTF-8": [`name=f; filename="b"; filename*=UTF-8''%ff`, "f/b"],
      "filename* that is malformed": [`name=f; filename="b"; filename*=UTF-8''%zz`, "f/b"]
    }
    return Effect.gen(function* () {
      const answers = yield* answersTo(
        Object.fromEntries(
          Object.entries(names).map(([name, [sent]]) => [name, `${disposition(sent)}1\r\n--x--`])
        )
      )
      assert.deepStrictEqual(
        answers,
        Object.fromEntries(Object.entries(names).map(([name, [, key]]) => [name, `200 ${key}=1;`]))
      )
    }).pipe(Effect.provide(TestServer.serve(listed)))
  })

  it.effect("has distinct names even if a client does not send UTF-8", () =>
    Effect.gen(function* () {
      const peer = yield* RawPeer.connect({ host: "server.test", port: 80 })
      const form = field("\xe9", "1") + field("\xe8", "2") + "--x--"
      // As bytes, one per character, because `form` contains Latin-1 characters.
      yield* peer.send(
        `${head("/")}Content-Length: ${form.length}\r\n\r\n`,
        Uint8Array.from(form, (c) => c.charCodeAt(0))
      )
      const body = encode("é=1;è=2;")
      assert.match(yield* peer.head, new RegExp(`content-length: ${body.length}\\r`, "i"))
      assert.strictEqual(yield* peer.take(body.length), String.fromCharCode(...body))
    }).pipe(Effect.scoped, Effect.provide(TestServer.serve(listed)))
  )

  it.effect("fails typed if a name is ambiguous", () =>
    Effect.gen(function* () {
      const answers = yield* answersTo({
        "a name twice": `${disposition('name="a"; name="b"')}1\r\n--x--`,
        "a field twice": `--x\r\nContent-Disposition: form-data; name=a\r\n${disposition("name=b").slice(5)}1\r\n--x--`,
        "an open quote": `${disposition('name="a')}1\r\n--x--`
      })
      assert.deepStrictEqual([...new Set(Object.values(answers))], ["400 "])
    }).pipe(Effect.provide(TestServer.serve(listed)))
  )

  it.effect("with unread files buffers only a bounded number of bytes", () => {
    const mebibyte = "z".repeat(1_000_000)
    const collected = Effect.gen(function* () {
      const { multipartStream } = yield* Request
      const parts = yield* Stream.runCollect(multipartStream)
      const contents = yield* Effect.forEach(Chunk.filter(parts, Multipart.isFile), (part) =>
        Effect.either(part.contentEffect)
      )
      const shown = contents.map((either) =>
        either._tag === "Right" ? either.right.length : either.left.reason
      )
      return HttpServerResponse.text(shown.join())
    })
    return Effect.gen(function* () {
      const few = yield* answerTo([file("a", "1", "abc"), file("b", "2", mebibyte), "--x--"])
      assert.strictEqual(few, "200 3,1000000")
      const many = yield* answerTo([
        file("a", "1", mebibyte),
        file("b", "2", mebibyte),
        file("c", "3", "abc"),
        "--x--"
      ])
      assert.strictEqual(many, "200 1000000,InternalError,3")
    }).pipe(Effect.provide(TestServer.serve(collected)))
  })

  it.effect("with concurrent handlers of parts meets backpressure from the current part", () => {
    const large = "z".repeat(3_000_000)
    const together = Effect.gen(function* () {
      const { multipartStream } = yield* Request
      const sizes = yield* multipartStream.pipe(
        Stream.filter(Multipart.isFile),
        Stream.mapEffect(
          (part) =>
            Stream.runFoldEffect(part.content, 0, (all, bytes) =>
              Effect.as(Effect.yieldNow(), all + bytes.length)
            ),
          { concurrency: 3 }
        ),
        Stream.runCollect
      )
      return HttpServerResponse.text([...sizes].join())
    })
    return Effect.gen(function* () {
      const answer = yield* answerTo([
        file("a", "1", large),
        file("b", "2", "abc"),
        file("c", "3", large),
        "--x--"
      ])
      assert.strictEqual(answer, "200 3000000,3,3000000")
    }).pipe(Effect.provide(TestServer.serve(together)))
  })

  it.effect("can still be read after an interrupted read of a file", () => {
    const impatient = Effect.gen(function* () {
      const { multipartStream } = yield* Request
      const seen = yield* multipartStream.pipe(
        Stream.mapEffect((part) =>
          part._tag === "Field"
            ? Effect.succeed<string | boolean>(part.value)
            : Effect.map(Effect.timeoutOption(part.contentEffect, "1 second"), Option.isSome)
        ),
        Stream.runCollect
      )
      return HttpServerResponse.text([...seen].join())
    })
    return Effect.gen(function* () {
      const peer = yield* RawPeer.connect(Transport.tcp("127.0.0.1", 80))
      yield* peer.send(`${head("/")}${chunked}${chunk(file("f", "g", "some").slice(0, -4))}`)
      yield* VirtualClock.advance("2 seconds")
      yield* peer.send(`${chunk("me more\r\n" + field("a", "1") + "--x--")}0\r\n\r\n`)
      yield* peer.until("false,1")
    }).pipe(Effect.scoped, Effect.provide(served(impatient)))
  })
})

const limits: ServerTimeouts.Options = {
  ...{ requestTimeout: "5 seconds", keepAliveTimeout: "1 minute", connectionsCheckingInterval: "1 second" }
}
const served = (app: typeof listed) =>
  Layer.scopedDiscard(
    Effect.gen(function* () {
      const server = yield* Server.make({ port: 80, host: "127.0.0.1", idleConnectionGrace: 0 }).pipe(
        Effect.provideServiceEffect(ServerTimeouts.ServerTimeouts, ServerTimeouts.make(limits))
      )
      yield* server.httpServer.serve(Effect.orDie(app))
    })
  ).pipe(Layer.provideMerge(memory))
const memory = Layer.provideMerge(MemoryNetwork.layer(), VirtualClock.layer())

// ---- failures of the body, by position

/** For each position of a failure, the part of the form that has arrived before. */
const places = {
  "its preamble": "before",
  "its first delimiter": "--",
  "the fields of a part": "--x\r\nContent-Dispo",
  "a field": `${field("a", "1")}${disposition("name=b")}some`,
  "a file": `${field("a", "1")}${disposition("name=f; filename=g")}some`,
  "the fields after a file": `${file("f", "g", "all")}--x\r\nContent-`,
  "the last delimiter": `${file("f", "g", "all")}--x-`
}

/** The observations of a handler that reads the form. */
interface Seen {
  reasons: Array<string>
  /** Number of pieces of file content that the handler got. */
  pieces: number
}

const noted = <A, R>(seen: Seen, read: Effect.Effect<A, Multipart.MultipartError, R>) =>
  Effect.as(read, HttpServerResponse.empty()).pipe(
    Effect.tapError(({ reason }) => Effect.sync(() => seen.reasons.push(reason)))
  )

const counted = (seen: Seen, part: Multipart.Part) =>
  part._tag === "Field"
    ? Effect.void
    : Stream.runForEach(part.content, () => Effect.sync(() => seen.pieces++))

/** A file system that records the files, so that the test sees whether a failure leaves files behind. */
const filesIn = (files: Map<string, string>) =>
  FileSystem.layerNoop({
    makeTempDirectoryScoped: () =>
      Effect.acquireRelease(Effect.succeed("/folder"), () => Effect.sync(() => files.clear())),
    sink: (path, options) =>
      Sink.suspend(() => {
        assert.deepStrictEqual([options?.flag, files.has(path)], ["wx", false])
        files.set(path, "")
        return Sink.forEach((bytes: Uint8Array) =>
          Effect.sync(() => files.set(path, files.get(path)! + text(bytes)))
        )
      })
  })

const ways = {
  streamed: (seen: Seen) =>
    Effect.flatMap(Request, ({ multipartStream }) =>
      Stream.runForEach(multipartStream, (part) => counted(seen, part))
    ),
  persisted: (_: Seen) => Effect.scoped(Effect.flatMap(Request, ({ multipart }) => multipart))
}

// Advances the virtual clock, which only the tests marked `timed` have.
const virtually = VirtualClock.advance as (time: string) => Effect.Effect<void>

const failures: Record<
  string,
  {
    readonly fail: (peer: RawPeer.RawPeer) => Effect.Effect<unknown, RawPeer.WireMismatch>
    /** The status of the response, and the reason of the handler's error. */
    readonly expected: string
    readonly timed?: true
  }
> = {
  "the body ends": { fail: (peer) => peer.send("0\r\n\r\n"), expected: "400 Parse" },
  "the body exceeds its limit": {
    fail: (peer) => peer.send(chunk(" ".repeat(500))),
    expected: "413 BodyTooLarge"
  },
  "a chunk is malformed": { fail: (peer) => peer.send("no chunk\r\n"), expected: "400 InternalError" },
  "the client is too slow": {
    fail: () => virtually("7 seconds"),
    expected: "408 InternalError",
    timed: true
  },
  "the client ends its side of the connection": { fail: (peer) => peer.end, expected: "none InternalError" },
  "the client resets": { fail: (peer) => peer.reset, expected: "none InternalError" }
}

/** Runs a failure at each position. Returns the status of the response and the handler's error. */
const outcomes = (
  { expected, fail }: (typeof failures)[string],
  read: (typeof ways)[keyof typeof ways],
  chosen: ReadonlyArray<string>
) =>
  Effect.gen(function* () {
    const seen: Seen = { reasons: [], pieces: 0 }
    const files = new Map<string, string>()
    const server = yield* Server.make({ port: 0, host: "127.0.0.1", idleConnectionGrace: 0 }).pipe(
      Effect.provideServiceEffect(ServerTimeouts.ServerTimeouts, ServerTimeouts.make(limits))
    )
    // The route is uninterruptible, so that the handler sees the failure itself even if the client leaves.
    const router = HttpRouter.empty.pipe(
      HttpRouter.post("/", noted(seen, read(seen)), { uninterruptible: true }),
      HttpRouter.get("/other", HttpServerResponse.text("other")),
      HttpServerRequest.withMaxBodySize(Option.some(400)),
      Effect.provide(Layer.merge(filesIn(files), Path.layer))
    )
    yield* server.httpServer.serve(router as typeof listed)
    const connect = RawPeer.connect(server.address)
    const found: Record<string, string> = {}
    for (const place of chosen) {
      seen.reasons = []
      seen.pieces = 0
      const peer = yield* connect
      yield* peer.send(`${head("/")}${chunked}${chunk(places[place as keyof typeof places])}`)
      const other = yield* connect
      const served = Effect.zipRight(other.send(get("/other")), other.until("other", 1))
      yield* served
      yield* fail(peer)
      yield* served
      const answer = expected.startsWith("none") ? "HTTP/1.1 none" : yield* peer.head
      // Requests are served one after the other until the handler has recorded its error.
      while (seen.reasons.length === 0) yield* served
      yield* served
      found[place] = `${answer.slice(9, 13).trim()} ${seen.reasons.join()}`
      assert.isAtMost(seen.pieces, 2)
      assert.strictEqual(files.size, 0)
      yield* other.reset
    }
    return found
  }).pipe(Effect.scoped)

describe("a form whose body fails", () => {
  const all = Object.keys(places)
  for (const [way, read] of Object.entries(ways)) {
    it.live.each(Object.entries(failures))(`${way}: %s, at each position, in memory`, ([, failure]) =>
      Effect.gen(function* () {
        const expected = Object.fromEntries(all.map((place) => [place, failure.expected]))
        assert.deepStrictEqual(yield* outcomes(failure, read, all), expected)
      }).pipe(Effect.provide(memory))
    )

    it.live.each(Object.entries(failures).filter(([, { timed }]) => !timed))(
      `${way}: %s, over TCP`,
      ([, failure]) =>
        Effect.gen(function* () {
          const some = ["a file", "the fields after a file"]
          const expected = Object.fromEntries(some.map((place) => [place, failure.expected]))
          assert.deepStrictEqual(yield* outcomes(failure, read, some), expected)
        }).pipe(Effect.provide(NodeNetwork.layer))
    )
  }

  it.live("after its last delimiter fails as well, unless it just ends", () =>
    Effect.gen(function* () {
      const behind = `${file("f", "g", "all")}--x--\r\n`
      Object.assign(places, { behind })
      const found: Record<string, string> = {}
      for (const [name, failure] of Object.entries(failures))
        if (name !== "the body ends")
          Object.assign(found, { [name]: (yield* outcomes(failure, ways.persisted, ["behind"]))["behind"] })
      assert.deepStrictEqual(
        found,
        Object.fromEntries(Object.keys(found).map((name) => [name, failures[name]!.expected]))
      )
    }).pipe(Effect.provide(memory))
  )
})

describe("the files of a form", () => {
  it.effect("are written to unique paths, whatever their names", () => {
    const files = new Map<string, string>()
    let kept: ReadonlyArray<readonly [string, string, string | undefined]> = []
    const app = Effect.gen(function* () {
      const form = yield* Effect.flatMap(Request, ({ multipart }) => multipart)
      const all = Object.values(form).flat() as ReadonlyArray<Multipart.PersistedFile>
      kept = all.map(({ name, path }) => [name, path, files.get(path)])
      return HttpServerResponse.text(Object.keys(form).join())
    }).pipe(Effect.scoped, Effect.provide(Layer.merge(filesIn(files), Path.layer)))
    const longName = "ї".repeat(300) + ".txt"
    const names = [
      "a.txt",
      "A.txt",
      "../../etc/passwd",
      "c:\\d\\e.txt",
      "..",
      "/",
      "тест.txt",
      "no\0l",
      longName
    ]
    return Effect.gen(function* () {
      const form = names.map((name, i) => file("f", name.replace("\0", "\x01"), `${i}`)).join("")
      assert.strictEqual(
        yield* answerTo([
          form,
          file("empty", "", ""),
          file("назва", "x", "1"),
          file("назви", "y", "2"),
          "--x--"
        ]),
        "200 f,назва,назви"
      )
      const paths = kept.map(([, path]) => path.replace("/folder/", ""))
      assert.deepStrictEqual(paths.slice(0, 8), [
        "a.txt",
        "2-A.txt",
        "passwd",
        "e.txt",
        "file",
        "2-file",
        "тест.txt",
        "no_l"
      ])
      expect(paths.every((path) => !/[/\\]/.test(path) && encode(path).length <= 220)).toBe(true)
      assert.isTrue(paths[8]!.endsWith("ї.txt"))
      assert.deepStrictEqual(
        kept.map(([, , content]) => content),
        [...names.map((_, i) => `${i}`), "1", "2"]
      )
      assert.deepStrictEqual([kept[2]![0], kept[8]![0]], ["../../etc/passwd", longName])
      assert.strictEqual(files.size, 0)
    }).pipe(Effect.provide(TestServer.serve(app)))
  })

  it.effect("fail the form if they cannot be written, which is not the client's fault", () => {
    const full = new SystemError({
      module: "FileSystem",
      method: "writeAll",
      reason: "WriteZero",
      description: "disk full"
    })
    const broken = FileSystem.layerNoop({
      makeTempDirectoryScoped: () => Effect.succeed("/folder"),
      sink: () => Sink.fail(full)
    })
    const seen: Seen = { reasons: [], pieces: 0 }
    const app = noted(seen, ways.persisted(seen)).pipe(Effect.provide(Layer.merge(broken, Path.layer)))
    return Effect.gen(function* () {
      assert.strictEqual(yield* answerTo(file("f", "g", long) + "--x--"), "500 ")
      assert.deepStrictEqual(seen.reasons, ["InternalError"])
    }).pipe(Effect.provide(TestServer.serve(app)))
  })
})
