/**
 * Reads the vectors from packages/core/test/vectors/*.md. The README.md in that folder describes the format.
 */
import { defaultLimits, type FlagName, flagNames, type Flags, type Limits, presets } from "@httpfx/core/wire"
import { readdirSync, readFileSync } from "node:fs"
import type { Answers, Setup } from "./log.js"
import { unescape } from "./text.js"

export type Preset = keyof typeof presets
export const presetNames: ReadonlyArray<Preset> = ["strict", "node", "insecure"]

/** One expected log of a vector, and the flags with which it is expected. */
export interface Expected {
  readonly preset: Preset
  /** The flags that are added to the preset, and, with a minus sign, the flags that are removed from it. */
  readonly extra: ReadonlyArray<string>
  readonly flags: Flags
  readonly log: ReadonlyArray<string>
}

export interface Vector {
  readonly file: string
  readonly title: string
  readonly reason: string
  readonly role: "request" | "response"
  readonly answers: Answers
  readonly limits: Partial<Limits>
  readonly bytes: Buffer
  readonly expected: ReadonlyArray<Expected>
}

const folder = new URL("../../../vectors/", import.meta.url)

const limitNames = Object.keys(defaultLimits) as ReadonlyArray<keyof Limits>
const answerNames: ReadonlyArray<Answers> = ["read", "skip", "stop", "turns", "stop-all"]

const isFlag = (name: string): name is FlagName => flagNames.some((flag) => flag === name)

const readExpected = (words: ReadonlyArray<string>, body: string): ReadonlyArray<Expected> =>
  words.map((word) => {
    const [name = "", ...extra] = word.split(/(?=[+-])/)
    const preset = presetNames.find((known) => known === name)
    if (preset === undefined) throw new Error(`no preset: ${name}`)
    const flags: Record<FlagName, boolean> = { ...presets[preset] }
    for (const change of extra) {
      const flag = change.slice(1)
      if (!isFlag(flag)) throw new Error(`no flag: ${flag}`)
      flags[flag] = change.startsWith("+")
    }
    return { preset, extra, flags, log: body.split("\n").filter((line) => line !== "") }
  })

const readOptions = (words: ReadonlyArray<string>) => {
  let answers: Answers = "read"
  const limits: { -readonly [K in keyof Limits]?: number } = {}
  for (const word of words) {
    const [name, text] = word.split("=")
    const limit = limitNames.find((known) => known === name)
    const answer = answerNames.find((known) => name === "answer" && known === text)
    if (limit !== undefined) limits[limit] = Number(text)
    else if (answer !== undefined) answers = answer
    else throw new Error(`no option: ${word}`)
  }
  return { answers, limits }
}

const readSection = (file: string, section: string): Vector => {
  const title = section.slice(0, section.indexOf("\n")).trim()
  const problem = (what: string): Error => new Error(`${file}, "${title}": ${what}`)
  const blocks = [...section.matchAll(/^```(.*)\n([^]*?)^```$/gm)]
  const reason = section.slice(title.length, blocks[0]?.index).trim()
  const [first, ...others] = blocks
  const [role, ...words] = first?.[1]?.split(" ") ?? []
  if (first === undefined || (role !== "request" && role !== "response")) throw problem("no bytes")
  if (reason === "") throw problem("no reason")
  try {
    const expected = others.flatMap((block) => {
      const [kind, ...names] = block[1]!.split(" ")
      if (kind !== "events") throw new Error(`no such block: ${kind}`)
      return readExpected(names, block[2]!)
    })
    for (const preset of presetNames) {
      const count = expected.filter((one) => one.preset === preset && one.extra.length === 0).length
      if (count !== 1) throw new Error(`${count} logs for ${preset}`)
    }
    const bytes = Buffer.from(unescape(first[2]!), "latin1")
    return { file, title, reason, role, bytes, expected, ...readOptions(words) }
  } catch (error) {
    throw problem((error as Error).message)
  }
}

/** Returns the vectors of all documents except README.md. */
export const readVectors = (): ReadonlyArray<Vector> =>
  readdirSync(folder)
    .filter((file) => file.endsWith(".md") && file !== "README.md")
    .sort()
    .flatMap((file) => {
      const text = readFileSync(new URL(file, folder), "utf8")
      return text
        .split(/^## /m)
        .slice(1)
        .map((section) => readSection(file, section))
    })

export const setupOf = (vector: Vector, flags: Flags): Setup => ({
  role: vector.role,
  answers: vector.answers,
  flags,
  limits: vector.limits
})
