// Checks that docs/errors.md lists exactly the classes of `HttpError`, with their codes.
import * as Schema from "effect/Schema"
import { readdirSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { HttpError } from "@httpfx/core"
import { samples, where } from "../support/errorSamples.js"

const rows = new Map(
  readFileSync(new URL("../../../../docs/errors.md", import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map((cells) => [cells[1]!.slice(1, -1), cells] as const)
)

const classes = Object.entries(HttpError)
  .filter(([, value]) => typeof value === "function" && "identifier" in value)
  .map(([name]) => name)

describe("docs/errors.md", () => {
  it("has a row for every class, and no other", () => {
    expect([...rows.keys()].sort()).toEqual([...classes].sort())
  })

  it("has every ERR_HTTPFX code of the sources", () => {
    const table = [...rows.values()].map((cells) => cells[2]).join(" ")
    const codes = ["core", "node"].flatMap((name) => {
      const folder = new URL(`../../../${name}/src/`, import.meta.url)
      return readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts"))
        .flatMap((file) => readFileSync(new URL(file, folder), "utf8").match(/"ERR_HTTPFX_\w+"/g) ?? [])
    })
    const missing = [...new Set(codes)].filter((code) => !table.includes(`\`${code.slice(1, -1)}\``))
    expect(codes.length).toBeGreaterThan(20)
    expect(missing).toEqual([])
  })

  it("has a sample of every class in this test", () => {
    expect(samples.map(([name]) => name).sort()).toEqual([...classes].sort())
  })

  it.each(samples)("%s: tag, code, channel and message", (name, error) => {
    const [, , code, when, channel, shim] = rows.get(name)!
    expect(error).toMatchObject({ _tag: name })
    const codes = code!.match(/`[^`]+`/g)?.map((text) => text.slice(1, -1).replace("*", "")) ?? []
    if (!code!.includes("other") && !code!.includes("…")) {
      expect(codes.some((known) => error.code.startsWith(known))).toBe(true)
    }
    for (const cell of [when, channel, shim]) expect(cell).not.toBe("")
    expect(error.message).not.toBe("")
  })

  it.each(samples)("%s survives encoding and decoding", (name, error) => {
    const schema = HttpError[name as "HangUp"]
    const decoded = Schema.decodeUnknownSync(schema)(Schema.encodeSync(schema)(error as HttpError.HangUp))
    expect(decoded).toStrictEqual(error)
    expect(decoded.message).toBe(error.message)
  })
})

describe("fromFault", () => {
  it.each([
    ["ECONNRESET", "ConnectionReset"],
    ["ECONNREFUSED", "ConnectionRefused"],
    ["ETIMEDOUT", "ConnectionTimedOut"],
    ["EPIPE", "BrokenPipe"],
    ["ENETUNREACH", "Unreachable"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "TlsFailure"],
    ["EIO", "ConnectionFailed"]
  ])("%s is %s", (code, tag) => {
    const error = HttpError.fromFault({ _tag: "Fault", code, message: `read ${code}` }, where)
    expect(error).toMatchObject({ _tag: tag, code, phase: "head", written: "all", reused: true })
    expect(error.message).toContain(code)
  })
})
