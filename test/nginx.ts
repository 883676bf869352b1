/**
 * Starts nginx in its own folder, for tests that use nginx if it is installed.
 *
 * Never needs the build, because tests of the packages use it too.
 */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync } from "node:fs"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import * as net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

const { error, stderr } = spawnSync("nginx", ["-V"], { encoding: "utf8" })

export const hasNginx = error === undefined

// Debian packages this module separately.
const [, modules = ""] = /--modules-path=(\S+)/.exec(stderr ?? "") ?? []
const streamModule = join(modules, "ngx_stream_module.so")
const loadsStream = hasNginx && /--with-stream=dynamic/.test(stderr) && existsSync(streamModule)
/** Whether nginx also forwards plain TCP (`stream`). */
export const hasStream = loadsStream || (hasNginx && /--with-stream(?![\w=-])/.test(stderr))

/** Returns a port of the loopback interface that is currently free. */
export const freePort = async (): Promise<number> => {
  const server = net.createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, "close")
  return port
}

export interface Configuration {
  /** The content of the `http` block. */
  readonly http: string
  /** Further blocks, such as `stream`. */
  readonly blocks?: string
  /** Files of the folder `www`, for `root www`. */
  readonly files?: Readonly<Record<string, string>>
}

// Root must run the workers, because other users have no access to the temporary folder of the tests.
const user = process.getuid?.() === 0 ? "user root;" : ""

/** Starts nginx and waits until it listens. Returns a function that stops it. */
export const startNginx = async ({
  blocks = "",
  files = {},
  http
}: Configuration): Promise<() => Promise<void>> => {
  const folder = mkdtempSync(join(tmpdir(), "httpfx-nginx-"))
  for (const name of ["logs", "www"]) await mkdir(join(folder, name))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, "www", name), text)
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${folder}/${name};`
  )
  await writeFile(
    join(folder, "nginx.conf"),
    `${loadsStream ? `load_module ${streamModule};` : ""} ${user} daemon off; pid ${folder}/pid; error_log ${folder}/logs/error.log; events {}
     ${blocks} http { access_log off; ${temporary.join(" ")} ${http} }`
  )
  const child = spawn("nginx", ["-p", folder, "-c", join(folder, "nginx.conf")], {
    stdio: ["ignore", "ignore", "pipe"]
  })
  let complaints = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text))
  const closed = once(child, "close")
  const stop = async () => {
    child.kill("SIGTERM")
    await closed
    await rm(folder, { recursive: true, force: true })
  }
  // nginx writes this file when its sockets listen.
  while (!existsSync(join(folder, "pid"))) {
    if (child.exitCode !== null || child.signalCode !== null) {
      const log = await readFile(join(folder, "logs/error.log"), "utf8").catch(() => "")
      await stop()
      throw new Error(`nginx has not started:\n${complaints}${log}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return stop
}
