// Bugs in features: conditional requests, ranges, files, compression.
const of = (area, folder, file, nets, bugs) =>
  bugs.map((bug) => ({
    area,
    file: `packages/${folder}/src/content/${file}.ts`,
    ...bug,
    nets: nets.map((name) => `packages/${folder}/test/${name}.test.ts`)
  }))

export const content = [
  ...of(
    "conditional requests",
    "core",
    "conditional/entityTags",
    ["content/conditional/respond"],
    [
      {
        name: "If-Range accepts a weak tag",
        harm: "A download is resumed with bytes of another coding or version.",
        find: "!one.weak && !other.weak &&",
        replace: ""
      }
    ]
  ),
  ...of(
    "conditional requests",
    "core",
    "conditional/preconditions",
    ["content/conditional/respond"],
    [
      {
        name: "If-Modified-Since counts beside If-None-Match",
        harm: "A client keeps an old version although its tag differs.",
        find: `return isListed(ifNoneMatch, etag, exists, matchesWeakly) ? (reads(method) ? 304 : 412) : undefined`,
        replace: `if (isListed(ifNoneMatch, etag, exists, matchesWeakly)) return reads(method) ? 304 : 412`
      },
      {
        name: "a date of this second is a strong validator",
        harm: "A download is resumed with bytes of a file that changed twice in a second.",
        find: " && lastModified + 1000 <= now",
        replace: ""
      }
    ]
  ),
  ...of(
    "ranges",
    "core",
    "conditional/ranges",
    ["content/conditional/respond"],
    [
      {
        name: "the last byte of a range is missing",
        harm: "A resumed download has holes.",
        find: "Math.min(+last + 1, size)",
        replace: "Math.min(+last, size)"
      },
      {
        name: "ranges that overlap stay apart",
        harm: "A small request makes the server send a file many times.",
        find: "range.start > last.end + partOverhead",
        replace: "range.start >= 0"
      }
    ]
  ),
  ...of(
    "ranges",
    "core",
    "conditional/respond",
    ["content/conditional/respond"],
    [
      {
        name: "416 keeps the cache policy of the file",
        harm: "A shared cache serves the error for a year.",
        find: "Headers.remove(headers, ofRepresentation)",
        replace: "Headers.remove(headers, ofContent)"
      },
      {
        name: "an error page is answered with 304",
        harm: "A client shows what it had instead of the error.",
        find: `status !== 200 || (method`,
        replace: `(method`
      }
    ]
  ),
  ...of(
    "static files",
    "node",
    "staticFiles",
    ["content/staticFiles", "content/staticFilesHostile"],
    [
      {
        name: "links lead out of the folder",
        harm: "A client reads any file of the machine through a link that a tool has left.",
        find: "onSuccess: () => leads",
        replace: "onSuccess: () => Effect.succeed(true)"
      },
      {
        name: "a folder whose name begins like the root counts as inside",
        harm: "A link to site-secret is served as part of site.",
        find: "root.endsWith(paths.sep) ? root : root + paths.sep",
        replace: "root"
      },
      {
        name: "hidden names are served",
        harm: "A client reads .env and .git.",
        find: `name.startsWith(".") && !(index === 0 && name === ".well-known")`,
        replace: "false"
      },
      {
        name: "the redirect of a folder names the whole path",
        harm: "A path with two slashes redirects to another host.",
        find: '`./${path.slice(path.lastIndexOf("/") + 1)}/${query}`',
        replace: "`${path}/${query}`"
      }
    ]
  ),
  ...of(
    "static files",
    "node",
    "fileNames",
    ["content/staticFilesHostile"],
    [
      {
        name: "names are decoded twice",
        harm: "%252e%252e leaves the folder.",
        find: "decodeURIComponent(segment)",
        replace: "decodeURIComponent(decodeURIComponent(segment))"
      },
      {
        name: "a backslash is a character of a name",
        harm: "On Windows a name with backslashes leaves the folder.",
        find: "/[\\\\/\\x00-\\x1f\\x7f]/",
        replace: "/[/\\x00-\\x1f\\x7f]/"
      }
    ]
  ),
  ...of(
    "compression",
    "node",
    "compression",
    ["content/compressedFiles"],
    [
      {
        name: "a file is compressed before its range is cut out",
        harm: "Files are never 304 and have no ranges where compression is on.",
        find: "ConditionalRequests.isSeekable(response)",
        replace: "false"
      }
    ]
  ),
  ...of(
    "compression",
    "node",
    "compression",
    ["content/compression"],
    [
      {
        name: "a compressed response keeps its strong ETag",
        harm: "A resumed download mixes bytes of two codings.",
        find: 'return isStrong(etag) ? Headers.set(changed, "etag", `W/${etag}`) : changed',
        replace: "return changed"
      },
      {
        name: "a 304 does not vary",
        harm: "A cache forgets that the stored response is for some clients only.",
        find: "? varied(request, standsFor(request, response))",
        replace: "? Effect.succeed(standsFor(request, response))"
      },
      {
        name: "an uncompressed response does not vary",
        harm: "A cache gives uncompressed content to everybody.",
        find: "rebuilt(response, varying(response.headers))",
        replace: "rebuilt(response, response.headers)"
      },
      {
        name: "the length of the uncompressed content stays",
        harm: "The response is cut, or waits for bytes that never come.",
        find: '["content-length", "accept-ranges"]',
        replace: '["accept-ranges"]'
      }
    ]
  ),
  ...of(
    "compression",
    "node",
    "encoders",
    ["content/compressionStreams"],
    [
      {
        name: "an engine counts as open after its end",
        harm: "After some responses nothing is compressed any more.",
        find: "      this.open--\n",
        replace: ""
      },
      {
        name: "a client that leaves frees no engine",
        harm: "Each event stream that is left keeps a megabyte.",
        find: "return Stream.ensuring(coded, this.close(coder))",
        replace: "return coded"
      }
    ]
  ),
  ...of(
    "decompression",
    "node",
    "decoders",
    ["content/decompression"],
    [
      {
        name: "each coding has a ratio of its own",
        harm: "Content with two codings of a thousand to one fills the memory.",
        find: "decoded > limits.maxRatio * arrived.bytes",
        replace: "decoded > limits.maxRatio * this.given"
      },
      {
        name: "bytes behind the end are ignored",
        harm: "A response that was put together wrongly passes for a complete one.",
        find: "coder.surplus ?",
        replace: "false ?"
      },
      {
        name: "deflate always has the zlib format",
        harm: "Responses of old servers cannot be read.",
        find: "return isZlib(beginning) ?",
        replace: "return beginning.length > 0 ?"
      }
    ]
  ),
  ...of(
    "decompression",
    "node",
    "decodedResponse",
    ["content/decompressionStreams"],
    [
      {
        name: "a decoded response is not discarded",
        harm: "A connection stays in use by a response that was retried.",
        find: "return this.source.discard",
        replace: "return Effect.void"
      }
    ]
  )
]
