/**
 * Hostile paths against a folder of files on a real disk. The package `send` serves the same folder with the
 * built-in server for comparison. Each file that we send, `send` sends too, byte for byte. A table gives the
 * reason for each target that only `send` serves.
 */
import { execFileSync } from "node:child_process"
import { once } from "node:events"
import * as http from "node:http"
import * as fs from "node:fs"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import { FileSystem, HttpPlatform, HttpServer, HttpServerRequest } from "@effect/platform"
import { SystemError } from "@effect/platform/Error"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import { assert, describe, it } from "@effect/vitest"
import { NodeHttpServer, NodeStaticFiles } from "@httpfx/node"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import send from "send"

const secret = "SECRET"

/** Creates a folder `site`, with neighbours that must not be served. The content of each file is its path. */
const makeDisk = (): string => {
  const base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "httpfx-")))
  const write = (name: string, content = name) => {
    const file = path.join(base, name)
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.writeFileSync(file, content)
  }
  for (const name of ["index.html", "a.txt", "sub/index.html", "sub/b.txt", "Case.txt", "a b.txt", "ü.txt"])
    write(`site/${name}`)
  for (const name of [
    "%2e%2e",
    "..a",
    "a..",
    "...",
    "a%00b",
    "%61.txt",
    "sub/%2e",
    "nul",
    "con.txt",
    "c:",
    "a:b"
  ])
    write(`site/${name}`)
  write("site/back\\slash.txt")
  for (const name of [".env", ".git/config", "sub/.env"]) write(`site/${name}`, secret)
  for (const name of ["secret.txt", "site-secret/secret.txt", "outside/secret.txt", "site.txt"])
    write(name, secret)
  const link = (name: string, to: string) => fs.symlinkSync(to, path.join(base, "site", name))
  link("in.txt", "a.txt")
  link("in", "sub")
  link("up.txt", "../secret.txt")
  link("up", "../outside")
  link("absolute.txt", path.join(base, "secret.txt"))
  link("chain.txt", "up.txt")
  link("sub/up.txt", "../../secret.txt")
  link("sub/back.txt", "../../site/a.txt")
  link("dangling.txt", "nowhere")
  link("loop", "loop")
  link("neighbour", "../site-secret")
  link("zero", "/dev/zero")
  link("etc", "/etc")
  execFileSync("mkfifo", [path.join(base, "site/pipe")])
  return base
}

type Answer = readonly [status: number, body: string]

/** Sends a request target unchanged, and reads the response up to the end of the connection. */
const raw = (port: number, target: string, lines = ""): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const pieces: Array<Buffer> = []
    const socket = net.connect(port, "127.0.0.1")
    socket.on("data", (piece) => pieces.push(piece))
    socket.on("error", reject)
    socket.on("close", () => {
      const text = Buffer.concat(pieces).toString()
      const head = text.indexOf("\r\n\r\n")
      resolve([Number(text.slice(9, 12)), text.slice(head + 4)])
    })
    socket.write(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: a.test\r\n${lines}Connection: close\r\n\r\n`))
  })

const disk = Effect.acquireRelease(Effect.sync(makeDisk), (base) =>
  Effect.sync(() => fs.rmSync(base, { recursive: true }))
)
const served = (base: string, options?: NodeStaticFiles.Options) =>
  Effect.gen(function* () {
    yield* HttpServer.serveEffect(NodeStaticFiles.app(path.join(base, "site"), options))
    const { address } = yield* HttpServer.HttpServer
    return address._tag === "TcpAddress" ? address.port : 0
  })
const oracle = (base: string, dotfiles: "ignore" | "allow" = "ignore") =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const server = http.createServer((request, response) => {
        const end = request.url!.search(/[?#]/)
        const target = end === -1 ? request.url! : request.url!.slice(0, end)
        send(request, target, { root: path.join(base, "site"), dotfiles }).pipe(response)
      })
      server.listen(0, "127.0.0.1")
      await once(server, "listening")
      return server
    }),
    (server) => Effect.promise(() => new Promise<void>((resolve) => server.close(() => resolve())))
  ).pipe(Effect.map((server) => (server.address() as net.AddressInfo).port))

const long = "a".repeat(256)

const otherCase = ["/case.txt", "/CASE.TXT", "/A.TXT", "/SUB/b.txt"]

/** Targets that we refuse, whether the file exists or not. */
const refused: ReadonlyArray<string> = [
  // Traversal: plain, encoded, encoded twice, overlong and mixed.
  ...["/../secret.txt", "/sub/../../secret.txt", "/..", "/../", "/../site-secret/secret.txt", "/../site.txt"],
  ...["/%2e%2e/secret.txt", "/%2E%2e/secret.txt", "/.%2e/secret.txt", "/%2e./secret.txt", "/..%2fsecret.txt"],
  ...[
    "/..%2Fsecret.txt",
    "/%2e%2e%2fsecret.txt",
    "/sub%2f..%2f..%2fsecret.txt",
    "/sub%2fb.txt",
    "/%2fetc/passwd"
  ],
  ...["/%252e%252e/secret.txt", "/..%252fsecret.txt", "/%25252e%25252e/secret.txt", "/%%32e%%32e/secret.txt"],
  ...["/%c0%ae%c0%ae/secret.txt", "/%c0%af", "/..%c0%af..%c0%afsecret.txt", "/%e0%80%ae/secret.txt"],
  ...[
    "/%u002e%u002e/secret.txt",
    "/..;/secret.txt",
    "/....//secret.txt",
    "/.../secret.txt",
    "/..%00/secret.txt"
  ],
  ...[
    "/./../secret.txt",
    "/sub/./../../secret.txt",
    "//../secret.txt",
    "///secret.txt",
    "/site/../secret.txt"
  ],
  ...["/sub/../a.txt", "/./a.txt", "/sub/.", "/sub/..", "/a.txt/../../secret.txt", "/a.txt/.", "/a.txt/.."],
  // Backslashes.
  ...[
    "/..\\secret.txt",
    "/..%5csecret.txt",
    "/%5c..%5csecret.txt",
    "/sub%5c..%5c..%5csecret.txt",
    "/back%5cslash.txt"
  ],
  ...["/%5c%5chost%5cshare%5cx", "/..%255csecret.txt"],
  // NUL and other control characters.
  ...[
    "/a.txt%00",
    "/a.txt%00.png",
    "/%00",
    "/../secret.txt%00.txt",
    "/a.txt%0a",
    "/a.txt%0d%0a",
    "/a%7f",
    "/a%1b"
  ],
  // Malformed encodings.
  ...["/%", "/%2", "/%zz", "/a.txt%", "/%ff", "/%ed%a0%80", "/a%fe.txt"],
  // Drives, shares, streams and other path forms of Windows; targets in absolute form.
  ...[
    "/C:/Windows/win.ini",
    "/C:%5cWindows%5cwin.ini",
    "/c:secret.txt",
    "//host/share/x",
    "/%2f%2fhost/share"
  ],
  ...["/a.txt::$DATA", "/a.txt:stream", "/%3f%3f/C:/", "/~root/x", "/~"],
  ...["file:///etc/passwd", "http://a.test/../secret.txt", "/etc/passwd", "*"],
  // Names that begin with a dot.
  ...[
    "/.env",
    "/%2eenv",
    "/.git/config",
    "/.git",
    "/.git/",
    "/sub/.env",
    "/sub/%2Eenv",
    "/.",
    "/%2e",
    "/..a",
    "/..."
  ],
  // Links that lead outside of the folder, to nothing, or in a circle.
  ...[
    "/up.txt",
    "/up/secret.txt",
    "/up/",
    "/up",
    "/absolute.txt",
    "/chain.txt",
    "/sub/up.txt",
    "/dangling.txt"
  ],
  ...["/loop", "/loop/a.txt", "/neighbour/secret.txt", "/zero", "/etc/passwd", "/etc/"],
  // A pipe, and names of devices that do not exist in the folder.
  ...["/pipe", "/dev/zero", "/proc/self/environ"],
  // Names in another case.
  ...otherCase,
  // Over-long names and paths.
  ...[`/${long}`, `/${long}/a.txt`, `/sub/${long}.txt`, `/${"%c3%bc".repeat(128)}`, `/${"a/".repeat(2100)}`],
  ...[
    `/${"../".repeat(40)}etc/passwd`,
    `/${"%2e%2e%2f".repeat(40)}etc/passwd`,
    `/${"sub/".repeat(300)}b.txt`
  ],
  // Slashes after a file, and empty path segments.
  ...["/a.txt/", "/a.txt/b", "//a.txt", "/sub//b.txt", "/sub//", "//sub/"],
  // Names that still look encoded after they were decoded.
  ...["/%2561.txt/", "/none%2e"]
]

/** Targets that look unusual, but that we serve. */
const sent: ReadonlyArray<readonly [string, string]> = [
  ["/", "site/index.html"],
  ["/a.txt", "site/a.txt"],
  ["/a.txt?../../secret.txt", "site/a.txt"],
  ["/%61.txt", "site/a.txt"],
  ["/%2561.txt", "site/%61.txt"],
  ["/%252e%252e", "site/%2e%2e"],
  ["/a%2500b", "site/a%00b"],
  ["/sub/%252e", "site/sub/%2e"],
  ["/a..", "site/a.."],
  ["/a%20b.txt", "site/a b.txt"],
  ["/%C3%BC.txt", "site/ü.txt"],
  ["/Case.txt", "site/Case.txt"],
  ["/nul", "site/nul"],
  ["/con.txt", "site/con.txt"],
  ["/c:", "site/c:"],
  ["/a:b", "site/a:b"],
  ["/sub/", "site/sub/index.html"],
  ["/in.txt", "site/a.txt"],
  ["/in/b.txt", "site/sub/b.txt"],
  ["/sub/back.txt", "site/a.txt"]
]

/** Targets that only `send` serves, each with the reason. */
const onlySend: Readonly<Record<string, string>> = {
  "/./a.txt": "it removes dot segments",
  "/sub/../a.txt": "it removes dot segments",
  "/sub/.": "it removes dot segments, and redirects to the folder",
  "/sub/..": "it removes dot segments",
  "//a.txt": "it joins slashes",
  "/sub//b.txt": "it joins slashes",
  "/sub//": "it joins slashes",
  "//sub/": "it joins slashes",
  "/sub%2fb.txt": "it takes an encoded slash for a slash",
  "/back%5cslash.txt": "a backslash is a character of a name on this system",
  "/.": "it removes dot segments",
  "/%2e": "it removes dot segments after it has decoded them",
  "/a.txt/.": "it removes dot segments",
  "/a.txt/..": "it removes dot segments",
  "/%2fetc/passwd": "it takes an encoded slash for a slash, and follows the link",
  "/up.txt": "it follows links out of the folder",
  "/up/secret.txt": "it follows links out of the folder",
  "/up": "it follows links out of the folder, and redirects to one",
  "/absolute.txt": "it follows links out of the folder",
  "/chain.txt": "it follows links out of the folder",
  "/sub/up.txt": "it follows links out of the folder",
  "/neighbour/secret.txt": "it follows links out of the folder",
  "/etc/passwd": "it follows links out of the folder"
}

describe.skipIf(process.platform === "win32")("hostile paths", () => {
  it.scopedLive("are refused, and serve nothing that send does not serve", () =>
    Effect.gen(function* () {
      const base = yield* disk
      const port = yield* served(base)
      const other = yield* oracle(base)
      const found: Record<string, number> = {}
      // On a disk that ignores case, these targets name existing files.
      const ignoresCase = fs.existsSync(path.join(base, "site/CASE.TXT"))
      for (const target of new Set([...refused, ...sent.map(([target]) => target)])) {
        if (ignoresCase && otherCase.includes(target)) continue
        const [status, body] = yield* Effect.promise(() => raw(port, target))
        const expected = sent.find(([each]) => each === target)?.[1]
        if (expected === undefined) assert.include([400, 404], status, target)
        else assert.deepStrictEqual([status, body], [200, expected], target)
        assert.notInclude(body, secret, target)
        // Skip these targets, because `send` would read a pipe or a device endlessly.
        if (["/pipe", "/zero"].includes(target)) continue
        const [theirs, content] = yield* Effect.promise(() => raw(other, target))
        if (status === 200) assert.deepStrictEqual([theirs, content], [200, body], target)
        else if (theirs < 400) found[target] = theirs
      }
      assert.deepStrictEqual(Object.keys(found).sort(), Object.keys(onlySend).sort())
    }).pipe(Effect.provide(NodeHttpServer.layerTest), Effect.provide(Logger.remove(Logger.defaultLogger)))
  )

  it.scopedLive("dot segments are refused even if names with a dot are served", () =>
    Effect.gen(function* () {
      const base = yield* disk
      const port = yield* served(base, { dotfiles: true })
      const status = (target: string) => Effect.promise(() => raw(port, target).then(([status]) => status))
      assert.strictEqual(yield* status("/.env"), 200)
      for (const target of [
        "/sub/../a.txt",
        "/./a.txt",
        "/sub/%2e%2e/a.txt",
        "/sub/.",
        "/../site/a.txt",
        "/.."
      ])
        assert.strictEqual(yield* status(target), 404, target)
    }).pipe(Effect.provide(NodeHttpServer.layerTest))
  )

  it.scopedLive("targets in absolute form are served by their path", () =>
    Effect.gen(function* () {
      const base = yield* disk
      const port = yield* served(base)
      const get = (target: string) => Effect.promise(() => raw(port, target))
      assert.deepStrictEqual(yield* get("http://a.test"), [200, "site/index.html"])
      assert.deepStrictEqual(yield* get("http://a.test/a.txt"), [200, "site/a.txt"])
      assert.deepStrictEqual(yield* get("http://a.test/sub/"), [200, "site/sub/index.html"])
      assert.deepStrictEqual(yield* get("http://a.test/sub"), [301, ""])
      assert.strictEqual((yield* get("http://a.test/../secret.txt"))[0], 404)
    }).pipe(Effect.provide(NodeHttpServer.layerTest))
  )

  it.scopedLive("allowed links may lead outside, but only to regular files", () =>
    Effect.gen(function* () {
      const base = yield* disk
      const port = yield* served(base, { outsideLinks: true })
      const status = (target: string) => Effect.promise(() => raw(port, target).then(([status]) => status))
      for (const target of ["/up.txt", "/up/secret.txt", "/absolute.txt", "/chain.txt"])
        assert.strictEqual(yield* status(target), 200, target)
      for (const target of [
        "/zero",
        "/pipe",
        "/loop",
        "/dangling.txt",
        "/up",
        "/../secret.txt",
        "/..%2fsecret.txt"
      ])
        assert.strictEqual(yield* status(target), 404, target)
    }).pipe(Effect.provide(NodeHttpServer.layerTest))
  )

  it.scopedLive("a root that is a link is followed, also after the link was replaced", () =>
    Effect.gen(function* () {
      const base = yield* disk
      const root = path.join(base, "current")
      const port = yield* Effect.gen(function* () {
        fs.symlinkSync("site", root)
        yield* HttpServer.serveEffect(NodeStaticFiles.app(root))
        const { address } = yield* HttpServer.HttpServer
        return address._tag === "TcpAddress" ? address.port : 0
      })
      assert.deepStrictEqual(yield* Effect.promise(() => raw(port, "/a.txt")), [200, "site/a.txt"])
      fs.symlinkSync("site/sub", `${root}.new`)
      fs.renameSync(`${root}.new`, root)
      assert.deepStrictEqual(yield* Effect.promise(() => raw(port, "/b.txt")), [200, "site/sub/b.txt"])
      assert.strictEqual((yield* Effect.promise(() => raw(port, "/a.txt")))[0], 404)
    }).pipe(Effect.provide(NodeHttpServer.layerTest))
  )
})

// A file system with Windows paths that has every file and records the paths it is asked for.
const windows = (asked: Array<string>) =>
  Layer.mergeAll(
    NodePath.layerWin32,
    FileSystem.layerNoop({
      stat: (name) => {
        asked.push(name)
        return Effect.fail(
          new SystemError({
            reason: "NotFound",
            module: "FileSystem",
            method: "stat",
            pathOrDescriptor: name
          })
        )
      }
    }),
    Layer.succeed(HttpPlatform.HttpPlatform, undefined as never)
  )

describe("a name that is too long for the file system", () => {
  const options = { precompressed: ["br"], index: ["x".repeat(256), "index.html"] } as const
  it.scopedLive.each([
    ["a path", `/${"a/".repeat(2000)}${"a".repeat(90)}`, 404],
    ["an index file", "/sub/", 200],
    ["a compressed file beside a file", `/${"n".repeat(254)}`, 200]
  ] as const)("%s is absent", ([, target, expected]) =>
    Effect.gen(function* () {
      const base = yield* disk
      fs.writeFileSync(path.join(base, "site", "n".repeat(254)), "named")
      const port = yield* served(base, options)
      const [status] = yield* Effect.promise(() => raw(port, target, "Accept-Encoding: br\r\n"))
      assert.strictEqual(status, expected)
    }).pipe(Effect.provide(NodeHttpServer.layer({ port: 0, host: "127.0.0.1" })))
  )
})

describe("on Windows", () => {
  const asks = (target: string) =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      const request = HttpServerRequest.fromWeb(new Request("http://a.test/"))
      const exit = yield* NodeStaticFiles.app("C:\\site").pipe(
        Effect.provideService(HttpServerRequest.HttpServerRequest, request.modify({ url: target })),
        Effect.provide(windows(asked)),
        Effect.exit
      )
      assert.isTrue(Exit.isFailure(exit))
      return asked
    })

  it.effect.each([
    ...["/C:/Windows/win.ini", "/C:", "/a.txt::$DATA", "/a.txt:stream", "/sub:$I30:$INDEX_ALLOCATION/b.txt"],
    ...["/a.txt.", "/a.txt%20", "/a.txt...", "/sub./b.txt", "/sub%20/b.txt", "/%20", "/a.%20."],
    ...[
      "/con",
      "/CON",
      "/nul.txt",
      "/NUL.tar.gz",
      "/aux",
      "/prn",
      "/com1",
      "/COM9.log",
      "/lpt1",
      "/com%C2%B9"
    ],
    ...["/conin$", "/conout$", "/nul%20.txt"],
    ...["/SECRET~1.TXT", "/PROGRA~1/x", "/GIT~1/config", "/a*", "/a%3f", "/a%3c", "/a%3e", "/a%22", "/a%7c"],
    ...["/%5c%5c.%5cC:", "/%5c%5c%3f%5cC:", "//host/share/x", "/..%5csecret", "/sub%5cb.txt", "/../x"]
  ])("%s reaches no file", (target) => Effect.map(asks(target), (asked) => assert.deepStrictEqual(asked, [])))

  it.effect.each([
    ["/a.txt", "C:\\site\\a.txt"],
    ["/sub/b.txt", "C:\\site\\sub\\b.txt"],
    ["/control.txt", "C:\\site\\control.txt"],
    ["/com10.txt", "C:\\site\\com10.txt"],
    ["/nulls", "C:\\site\\nulls"],
    ["/a~b.txt", "C:\\site\\a~b.txt"]
  ])("%s is %s", ([target, file]) =>
    Effect.map(asks(target!), (asked) => assert.deepStrictEqual(asked, [file!]))
  )
})
