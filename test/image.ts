/**
 * Runs the steps of a Dockerfile in folders of this machine, for tests without a container runtime. Supports
 * only the instructions in docs/deployment.md and fails at any other instruction.
 *
 * This is not a sandbox: steps run as the user of the test, with the machine's own Node.js.
 */
import { cp, mkdir, stat } from "node:fs/promises"
import { basename, join } from "node:path"
import { run } from "./support.js"

export interface Step {
  readonly instruction: string
  readonly rest: string
}

export interface Image {
  /** The folder that contains the root directory of the last stage. */
  readonly root: string
  /** The working directory of the image. */
  readonly workdir: string
  readonly env: Readonly<Record<string, string>>
  readonly start: ReadonlyArray<string>
}

export const stepsOf = (dockerfile: string): ReadonlyArray<Step> =>
  dockerfile
    .replace(/\\\n\s*/g, "")
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, instruction, rest] = /^([A-Z]+) (.*)$/.exec(line) ?? []
      if (instruction === undefined) throw new Error(`no instruction: ${line}`)
      return { instruction, rest: rest! }
    })

const isFolder = async (path: string) => (await stat(path)).isDirectory()

/** Copies as COPY does: the content of a folder, or a single file. */
const copy = async (from: string, to: string): Promise<void> => {
  if (await isFolder(from)) return cp(from, to, { recursive: true, verbatimSymlinks: true })
  const file = to.endsWith("/") ? join(to, basename(from)) : to
  return cp(from, file)
}

/** Builds the image from a context, in `folder`. `prepare` is called with the root of each stage. */
export const build = async (
  dockerfile: string,
  context: string,
  folder: string,
  prepare: (root: string) => Promise<void> = async () => {}
): Promise<Image> => {
  const stages = new Map<string, string>()
  let image: Image | undefined
  const last = () => {
    if (image === undefined) throw new Error("a Dockerfile begins with FROM")
    return image
  }
  const within = (path: string) =>
    path.startsWith("/") ? join(last().root, path) : join(last().workdir, path)
  for (const { instruction, rest } of stepsOf(dockerfile)) {
    const words = rest.split(" ")
    switch (instruction) {
      case "FROM": {
        const root = join(folder, `stage-${stages.size}`)
        await mkdir(root, { recursive: true })
        await prepare(root)
        stages.set(words[2] ?? "", root)
        image = { root, workdir: root, env: {}, start: [] }
        break
      }
      case "WORKDIR":
        image = { ...last(), workdir: within(rest) }
        await mkdir(image.workdir, { recursive: true })
        break
      case "COPY": {
        const [, stage] = /^--from=(\S+)$/.exec(words[0]!) ?? []
        const paths = stage === undefined ? words : words.slice(1)
        const from = stage === undefined ? context : stages.get(stage)
        if (from === undefined) throw new Error(`no stage ${stage}`)
        const to = paths.pop()!
        for (const path of paths) await copy(join(from, path), within(to))
        break
      }
      case "RUN":
        await run("sh", ["-c", rest], last().workdir, { npm_config_audit: "false", ...last().env })
        break
      case "ENV": {
        const [name, value] = rest.split("=")
        image = { ...last(), env: { ...last().env, [name!]: value! } }
        break
      }
      case "CMD":
        image = { ...last(), start: JSON.parse(rest) as Array<string> }
        break
      // These instructions only matter to a container runtime.
      case "USER":
      case "EXPOSE":
      case "STOPSIGNAL":
      case "HEALTHCHECK":
        break
      default:
        throw new Error(`${instruction} is not known here`)
    }
  }
  return last()
}
