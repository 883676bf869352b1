// A file of 100 kB.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { HttpServer, HttpServerResponse } from "@effect/platform"

const folder = mkdtempSync(join(tmpdir(), "httpfx-benchmark-"))
const path = join(folder, "page.html")
writeFileSync(path, "<p>static</p>\n".repeat(7143))
process.on("exit", () => rmSync(folder, { recursive: true }))

export const serving = HttpServer.serve(HttpServerResponse.file(path))
