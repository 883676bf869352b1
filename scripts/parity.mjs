// Compares the callback modules with the built-in modules of the running Node.js: names, kinds, arity and
// enumerability of the members of each module, class and prototype. Run `node scripts/parity.mjs` after `npm
// run build`, with the binary of the version to compare with.
//
// Every difference must have a row in docs/node-http-parity.md for this version. Rows without a difference
// are listed too.
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"

const require = createRequire(import.meta.url)
// Suppress the warnings that reading deprecated accessors would cause.
process.noDeprecation = true
const version = process.versions.node.split(".")[0]

const kindOf = (property) => ("value" in property ? typeof property.value : "accessor")
const skipped = new Set(["constructor", "prototype", "caller", "arguments"])

/** The differences, each as `member: difference`. */
const differences = []
const compare = (theirs, ours, path, classes) => {
  for (const key of new Set([...Reflect.ownKeys(theirs), ...Reflect.ownKeys(ours)])) {
    // Skip symbols that are not registered, because they are private to an implementation.
    if (skipped.has(key) || (typeof key === "symbol" && !String(key.description).startsWith("Symbol.")))
      continue
    const member = typeof key === "symbol" ? `${path}[${key.description}]` : `${path}.${key}`
    const say = (difference) => differences.push(`${member}: ${difference}`)
    const one = Object.getOwnPropertyDescriptor(theirs, key)
    const two = Object.getOwnPropertyDescriptor(ours, key)
    if (one === undefined) say("only ours")
    else if (two === undefined) say("missing")
    else {
      if (kindOf(one) !== kindOf(two)) say(`${kindOf(one)}, ours ${kindOf(two)}`)
      else if (kindOf(one) === "function") {
        if (one.value.length !== two.value.length) say(`arity ${one.value.length}, ours ${two.value.length}`)
        if (one.value.name !== two.value.name) {
          say(`name ${JSON.stringify(one.value.name)}, ours ${JSON.stringify(two.value.name)}`)
        }
        if (classes && /^[A-Z]/.test(String(key))) {
          compare(one.value, two.value, member, false)
          compare(one.value.prototype ?? {}, two.value.prototype ?? {}, `${member}.prototype`, false)
        }
      } else if (kindOf(one) === "accessor" && (!one.set !== !two.set || !one.get !== !two.get))
        say("getter or setter")
      else if (kindOf(one) !== "object" && one.value !== two.value) say(`${one.value}, ours ${two.value}`)
      if (one.enumerable !== two.enumerable) say(two.enumerable ? "ours enumerable" : "ours not enumerable")
    }
  }
}
const dist = fileURLToPath(new URL("../packages/node/dist/", import.meta.url))
for (const name of ["http", "https"])
  compare(require(`node:${name}`), require(`${dist}${name}.cjs`), name, true)

const page = readFileSync(new URL("../docs/node-http-parity.md", import.meta.url), "utf8")
const listed = [...page.matchAll(/^\| `([^|]+)` +\| ([^|]+?) +\| ([\d, ]+?) +\| /gm)]
  .filter(([, , , versions]) => versions.split(", ").includes(version))
  .map(([, member, difference]) => `${member}: ${difference}`)

const unlisted = differences.filter((difference) => !listed.includes(difference))
const unseen = listed.filter((row) => !differences.includes(row))
for (const difference of unlisted) console.log(`not listed  ${difference}`)
for (const row of unseen) console.log(`not seen    ${row}`)
console.log(
  `Node.js ${process.version}: ${differences.length} differences, ${unlisted.length} of them not listed`
)
if (unlisted.length > 0) process.exitCode = 1
