// Runs a built example: `npm run example shortener`. Without a name, lists the examples.
import { spawn } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const folder = fileURLToPath(new URL("../examples/", import.meta.url))
const names = readdirSync(folder).filter((name) => existsSync(`${folder}${name}/main.ts`))
const [name, ...rest] = process.argv.slice(2)

if (names.includes(name)) {
  const main = `${folder}dist/${name}/main.js`
  const args = ["--enable-source-maps", main, ...rest]
  const child = spawn(process.execPath, args, { stdio: "inherit", cwd: folder })
  // The example gets Ctrl-C too, so wait until it exits by itself.
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal))
  child.on("close", (code) => process.exit(code ?? 1))
} else {
  if (name !== undefined) console.error(`There is no example "${name}".\n`)
  console.log("npm run example NAME\n")
  for (const name of names) {
    const [, about] = /^\/\*\*\s+\* (.*)$/m.exec(readFileSync(`${folder}${name}/main.ts`, "utf8"))
    console.log(`  ${name.padEnd(18)} ${about}`)
  }
  process.exitCode = name === undefined ? 0 : 1
}
