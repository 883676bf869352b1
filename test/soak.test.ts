/** A short run of the client's endurance test, which `npm run soak` runs with a million requests. */
import { assert, it } from "vitest"
import { root, run } from "./support.js"

it("a client loses and swaps no response, although its server closes, resets, delays and sends garbage", async () => {
  const command = ["--max-semi-space-size=64", "simulations/dist/soak.js", "--requests", "4000"]
  const printed = await run(process.execPath, command, root)
  assert.match(printed, /^4000 requests, .* nothing left, nothing mixed up\.$/m)
  for (const end of ["answered", "ConnectionReset", "HangUp", "HeadTimedOut", "BodyTimedOut", "ParseError"])
    assert.match(printed, new RegExp(`^ +\\d+ {2}${end}`, "m"))
})
