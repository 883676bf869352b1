// House rules. The rooms (who may import whom) are those of docs/architecture.md.
import js from "@eslint/js"
import tseslint from "typescript-eslint"
import { bits } from "./scripts/lint/bits.mjs"
import { plainWords } from "./scripts/lint/plain-words.mjs"

const builtinHttp = {
  regex: "^(node:)?(http|https|http2|_http_.*)$",
  message: "The HTTP implementation is ours; only `import type` may name the built-in one.",
  allowTypeImports: true
}
const node = { regex: "^node:", message: "core runs wherever JavaScript runs: no node: modules." }
const effect = {
  regex: "^(effect|@effect/)",
  message: "The rooms below the driver are plain TypeScript: no Effect."
}
const foreignRoom = (...names) => ({
  regex: `^@httpfx/(${names.join("|")})(/|$)`,
  message: "This room may not know that one (docs/architecture.md)."
})
const arrows = (room, ...rooms) => ({
  regex: rooms.length === 0 ? "^\\.\\./" : `^\\.\\./(?!(\\.\\./)*(${rooms.join("|")})(/|\\.js$))`,
  message: `${room}/ imports nothing but itself${rooms.map((each) => `, ${each}/`).join("")}.`
})
const restrict = (...patterns) => ({ "@typescript-eslint/no-restricted-imports": ["error", { patterns }] })

const nodeGlobals = [
  "process",
  "Buffer",
  "global",
  "require",
  "module",
  "exports",
  "__dirname",
  "__filename",
  "setImmediate",
  "clearImmediate"
].map((name) => ({ name, message: "A Node global: core runs wherever JavaScript runs." }))
const ambient = ["setTimeout", "setInterval", "Date", "performance", "fetch", "console", "crypto"].map(
  (name) => ({
    name,
    message: "The rooms below the driver have no clock and no I/O: take them as arguments."
  })
)

// Fake timers replace these; what waits or measures takes them from realTime.ts, as they were when it was
// loaded.
const fakeable = [
  ...["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "clearImmediate"],
  ...["queueMicrotask", "performance"]
].map((name) => ({ name, message: "Take it from realTime.ts." }))
const clocks = [
  ["Date", "now"],
  ["process", "nextTick"],
  ["process", "hrtime"]
].map(([object, property]) => ({ object, property, message: "Take it from realTime.ts." }))
const dates = {
  selector: "NewExpression[callee.name='Date'][arguments.length=0]",
  message: "Take it from realTime.ts."
}
const realTime = (...globals) => ({
  "no-restricted-globals": [
    "error",
    ...fakeable,
    ...globals.filter(({ name }) => fakeable.every((each) => each.name !== name))
  ],
  "no-restricted-properties": ["error", ...clocks]
})

// Unpublished names of Effect, platform and Node: members of handles, streams, emitters, servers, timers and
// loaders, and keys.
const inside = [
  ...["_handle", "_writableState", "_readableState", "_events", "_eventsCount", "_idleTimeout"],
  ...["_connections", "_pipeName", "_emitCloseIfDrained", "_load", "_server", "_sockname", "_peername"],
  ...[
    "useUserBuffer",
    "hasPendingRead",
    "readStart",
    "readStop",
    "writeQueueSize",
    "onconnection",
    "verifyError"
  ],
  ...["getpeername", "getsockname", "asyncReset", "latin1Slice", "utf8Slice", "asciiSlice", "latin1Write"],
  ...["readingMore", "resumeScheduled", "endEmitted", "closeEmitted", "oncomplete"],
  ...[
    "clockState",
    "warningState",
    "suspendedWarningState",
    "postprocess",
    "getOwnPropertySymbols",
    "prepareStackTrace"
  ]
].join("|")
const keys = [
  "kBuffer|kBufferCb|kBufferGen|async_id_symbol|_tlsError|undici:.*",
  "@effect\\/platform\\/(HttpApp|HttpClient)\\/.*"
].join("|")
const unpublished = [
  `Identifier[name=/^(${inside})$/]`,
  `Literal[value=/^(${keys})$/]`,
  "MemberExpression[object.type!='Super'][property.name=/^_writev?$/]",
  "AssignmentExpression > MemberExpression.left[property.name='readableFlowing']"
].map((selector) => ({ selector, message: "Not published: it is named in a fast/ folder, with a test." }))

export default tseslint.config(
  { ignores: ["**/dist/**", "**/node_modules/**", "**/*.d.cts", "reference/**"] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    languageOptions: {
      globals: { process: "readonly", console: "readonly", URL: "readonly", Buffer: "readonly" }
    },
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-empty-object-type": "off",
      "@typescript-eslint/no-unsafe-declaration-merging": "off",
      "@typescript-eslint/no-namespace": "off",
      "no-control-regex": "off",
      "require-yield": "off",
      "max-len": ["error", { code: 10_000, comments: 110, ignoreUrls: true }],
      "prefer-rest-params": "off",
      eqeqeq: "error"
    }
  },
  {
    plugins: { httpfx: { rules: { "plain-words": plainWords, bits } } },
    rules: { "httpfx/plain-words": "error" }
  },
  { files: ["packages/*/src/**"], rules: { "httpfx/bits": "error" } },
  {
    files: ["**/*.mjs"],
    languageOptions: {
      globals: Object.fromEntries(
        [
          "setTimeout",
          "clearTimeout",
          "setInterval",
          "clearInterval",
          "setImmediate",
          "performance",
          "fetch",
          "Headers",
          "AbortController",
          "File",
          "FormData",
          "ReadableStream",
          "Response",
          "TextEncoder",
          "URLSearchParams"
        ].map((name) => [name, "readonly"])
      )
    }
  },
  {
    files: ["packages/*/src/**"],
    rules: { ...restrict(builtinHttp), "no-restricted-syntax": ["error", ...unpublished] }
  },
  {
    files: ["packages/core/src/**"],
    rules: {
      ...restrict(builtinHttp, node, foreignRoom("node", "testing")),
      "no-restricted-globals": ["error", ...nodeGlobals]
    }
  },
  // The rooms below the driver, and what each may know (docs/architecture.md).
  ...Object.entries({
    model: [],
    seams: ["model"],
    wire: ["model", "receive", "send", "automaton", "grammar"],
    pool: ["model"],
    connection: ["wire", "pool", "model", "seams", "transfer", "ports"]
  }).map(([room, below]) => ({
    files: [`packages/core/src/${room}/**`],
    rules: {
      ...restrict(builtinHttp, node, effect, foreignRoom("node", "testing", "core"), arrows(room, ...below)),
      "no-restricted-globals": ["error", ...nodeGlobals, ...ambient]
    }
  })),
  // Drivers in test support that show what `connection/` asks of a driver: they stand on it alone.
  {
    files: ["packages/core/test/support/promise/**"],
    rules: restrict(builtinHttp, node, effect, foreignRoom("node", "testing", "core"), {
      regex: "^(\\.\\./)+(?!(\\.\\./)*src/(connection|wire|pool|model|seams)/)",
      message: "It stands on connection/ and the rooms below alone."
    })
  },
  {
    files: ["packages/core/test/connection/**", "packages/core/test/support/connection/**"],
    // The batteries are programs of Effect.
    rules: restrict(effect)
  },
  // Doors: the modules that users import. Types that the driver needs too stand in internal/; doors re-export
  // them.
  {
    files: ["packages/core/src/*.ts"],
    rules: restrict(builtinHttp, node, foreignRoom("node", "testing", "core"), {
      regex: "^\\./connection/",
      message: "A door may show types of connection/; its values are the driver's (internal/).",
      allowTypeImports: true
    })
  },
  {
    files: ["packages/core/src/internal/**"],
    rules: restrict(builtinHttp, node, foreignRoom("node", "testing", "core"), {
      regex: "^(\\.\\./)+([A-Z]\\w*\\.js$|content/)",
      caseSensitive: true,
      message: "The driver imports no door: not even a type."
    })
  },
  {
    files: ["packages/core/src/errors/**"],
    rules: restrict(builtinHttp, node, foreignRoom("node", "testing", "core"), arrows("errors", "model"))
  },
  {
    files: ["packages/node/src/**"],
    rules: { ...restrict(builtinHttp, foreignRoom("testing", "node")), ...realTime() }
  },
  {
    files: ["packages/node/src/content/**"],
    rules: restrict(builtinHttp, foreignRoom("testing", "node"), {
      regex: "^\\.\\./(?![A-Z]\\w*\\.js$)",
      caseSensitive: true,
      message: "Features stand on doors alone."
    })
  },
  // The callback modules by the package's own name: their one copy.
  { files: ["packages/node/src/bridge/modules.ts"], rules: restrict(builtinHttp, foreignRoom("testing")) },
  {
    files: ["packages/testing/src/**"],
    rules: {
      ...restrict(builtinHttp, node, foreignRoom("node", "testing")),
      ...realTime(...nodeGlobals)
    }
  },
  {
    files: ["packages/{node,testing}/src/**"],
    rules: { "no-restricted-syntax": ["error", dates, ...unpublished] }
  },
  { files: ["packages/core/src/**/fast/**"], rules: { "no-restricted-syntax": "off" } },
  {
    files: ["packages/{node,testing}/src/**/fast/**"],
    rules: { "no-restricted-syntax": ["error", dates] }
  },
  {
    files: ["packages/{node,testing}/src/time/realTime.ts"],
    rules: { "no-restricted-globals": "off", "no-restricted-properties": "off" }
  }
)
