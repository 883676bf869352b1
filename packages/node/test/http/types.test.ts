/**
 * The types of our callback modules are compatible with @types/node in both directions and without casts, so
 * code for one compiles for the other.
 */
import type * as builtinHttpNames from "node:http"
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
// @ts-expect-error http and https are different modules
same<typeof http, typeof https>(true)

/** All exported names with their types, without `default`. */
type Named<Names> = Omit<Names, "default">
same<keyof Named<typeof httpNames>, keyof Named<typeof builtinHttpNames>>(true)
same<keyof Named<typeof httpsNames>, keyof Named<typeof builtinHttpsNames>>(true)
same<Named<typeof httpNames>, Named<typeof builtinHttpNames>>(true)
same<Named<typeof httpsNames>, Named<typeof builtinHttpsNames>>(true)
// @ts-expect-error no module has a member of this name
same<keyof Named<typeof httpNames>, keyof Named<typeof builtinHttpNames> | "other">(true)

/** Checks that a value of each type can be assigned to the other type. */
const both =
  <A, B extends A>(_there: (one: B) => A, _back: (one: A) => B) =>
  (): void => {}

const pairs = [
  both<builtin.Agent, http.Agent>(
    (one) => one,
    (one) => one
  ),
  both<builtin.AgentOptions, http.AgentOptions>(
    (one) => one,
    (one) => one
  ),
  both<builtin.ClientRequest, http.ClientRequest>(
    (one) => one,
    (one) => one
  ),
  both<builtin.ClientRequestArgs, http.ClientRequestArgs>(
    (one) => one,
    (one) => one
  ),
  both<builtin.IncomingHttpHeaders, http.IncomingHttpHeaders>(
    (one) => one,
    (one) => one
  ),
  both<builtin.IncomingMessage, http.IncomingMessage>(
    (one) => one,
    (one) => one
  ),
  both<builtin.InformationEvent, http.InformationEvent>(
    (one) => one,
    (one) => one
  ),
  both<builtin.OutgoingHttpHeader, http.OutgoingHttpHeader>(
    (one) => one,
    (one) => one
  ),
  both<builtin.OutgoingHttpHeaders, http.OutgoingHttpHeaders>(
    (one) => one,
    (one) => one
  ),
  both<builtin.OutgoingMessage, http.OutgoingMessage>(
    (one) => one,
    (one) => one
  ),
  both<builtin.RequestListener, http.RequestListener>(
    (one) => one,
    (one) => one
  ),
  both<builtin.RequestOptions, http.RequestOptions>(
    (one) => one,
    (one) => one
  ),
  both<builtin.Server, http.Server>(
    (one) => one,
    (one) => one
  ),
  both<builtin.ServerOptions, http.ServerOptions>(
    (one) => one,
    (one) => one
  ),
  both<builtin.ServerResponse, http.ServerResponse>(
    (one) => one,
    (one) => one
  ),
  both<builtinHttps.Agent, https.Agent>(
    (one) => one,
    (one) => one
  ),
  both<builtinHttps.AgentOptions, https.AgentOptions>(
    (one) => one,
    (one) => one
  ),
  both<builtinHttps.RequestOptions, https.RequestOptions>(
    (one) => one,
    (one) => one
  ),
  both<builtinHttps.Server, https.Server>(
    (one) => one,
    (one) => one
  ),
  both<builtinHttps.ServerOptions, https.ServerOptions>(
    (one) => one,
    (one) => one
  ),
  // The named types are compatible too.
  both<builtinHttpNames.RequestOptions, httpNames.RequestOptions>(
    (one) => one,
    (one) => one
  ),
  both<builtinHttpsNames.Server, httpsNames.Server>(
    (one) => one,
    (one) => one
  )
]

const listener: httpNames.RequestListener = (req: builtin.IncomingMessage, res: builtin.ServerResponse) =>
  void res.end(req.url)
class Mine extends http.Agent {
  override getName(from?: Parameters<builtin.Agent["getName"]>[0]): string {
    return super.getName(from)
  }
}
const mine: builtin.Agent = new Mine()

it("the types of this file are compatible, and its values exist", () => {
  assert.isAbove(pairs.length, 20)
  assert.isFunction(listener)
  assert.instanceOf(mine, http.Agent)
})
