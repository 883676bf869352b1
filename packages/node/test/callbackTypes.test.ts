/**
 * The declared types of the callback modules against those of @types/node, both ways and without a cast: what is written for
 * one compiles for the other.
 */
import type * as builtinHttp from "node:http"
import type builtin from "node:http"
import type * as builtinHttpsNames from "node:https"
import type builtinHttps from "node:https"
import type * as httpNames from "@httpfx/node/http"
import http from "@httpfx/node/http"
import type * as httpsNames from "@httpfx/node/https"
import type https from "@httpfx/node/https"
import { assert, it } from "vitest"

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_: Same<A, B>): void => {}

same<typeof http, typeof builtin>(true)
same<typeof https, typeof builtinHttps>(true)
// @ts-expect-error these are two modules
same<typeof http, typeof https>(true)

/** Every name there is, as a value; and each has the one type. */
const names: ReadonlyArray<keyof typeof builtinHttp | "default"> = [] as ReadonlyArray<keyof typeof httpNames>
const back: ReadonlyArray<keyof typeof httpNames> = [] as ReadonlyArray<keyof typeof builtinHttp>
same<typeof httpNames.Agent, typeof builtinHttp.Agent>(true)
same<typeof httpNames.request, typeof builtinHttp.request>(true)
same<typeof httpsNames.Server, typeof builtinHttpsNames.Server>(true)

// Types by their names, assigned in both directions.
const server: http.Server = {} as builtin.Server
const serverBack: builtin.Server = server
const options: httpNames.RequestOptions = {} as builtin.RequestOptions
const optionsBack: builtin.RequestOptions = options
const secure: https.AgentOptions = {} as builtinHttps.AgentOptions
const secureBack: builtinHttps.AgentOptions = secure
const listener: httpNames.RequestListener = (req: builtin.IncomingMessage, res: builtin.ServerResponse) =>
  void res.end(req.url)
class Mine extends http.Agent {
  override getName(from?: Parameters<builtin.Agent["getName"]>[0]): string {
    return super.getName(from)
  }
}
const mine: builtin.Agent = new Mine()

it("compiles, and the values are there", () => {
  assert.strictEqual(serverBack, server)
  assert.strictEqual(optionsBack, options)
  assert.strictEqual(secureBack, secure)
  assert.deepStrictEqual([names, back], [[], []])
  assert.isFunction(listener)
  assert.instanceOf(mine, http.Agent)
})
