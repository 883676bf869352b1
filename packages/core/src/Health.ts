/**
 * Liveness and readiness of a server, for load balancers and supervisors: on a port of its own, or as an app.
 *
 * `GET /livez` answers 200 while the process lives, `GET /readyz` while the server is `ready` and all checks
 * pass, otherwise 503. The body is JSON: `status` (`pass` or `fail`), the `state` of the server, and the
 * result of each check. Checks run concurrently, each with a time limit.
 *
 * @since 0.1.0
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import type { ServeError } from "@effect/platform/HttpServerError"
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as health from "./content/health.js"
import type { AppOptions, Options, Subject } from "./content/health.js"
import type { InvalidOption } from "./HttpError.js"
import type { Network } from "./Network.js"
import * as Server from "./Server.js"

export type { AppOptions, Checks, Options, Result, Subject } from "./content/health.js"

/**
 * Makes the app that answers the health of `subject`, for a route of a server that exists. Fails with
 * `InvalidOption` for an invalid option.
 *
 * @since 0.1.0
 * @category apps
 */
export const app: <R = never>(
  subject: Pick<Subject, "state">,
  options?: AppOptions<R>
) => Effect.Effect<HttpApp.Default<never, R>, InvalidOption> = health.app

/**
 * Answers the health of `subject` on an address of its own, until the scope closes. Closing the scope first
 * shuts the subject down and waits for its end, so that readiness is answered (503) while it drains.
 *
 * @since 0.1.0
 * @category constructors
 */
export const serve: <R = never, RF = never>(
  subject: Subject,
  options: Options<R, RF>
) => Effect.Effect<
  Server.Service,
  ServeError | InvalidOption,
  Network | Scope.Scope | R | Exclude<RF, HttpServerRequest | Scope.Scope>
> = health.serve

/**
 * `serve` for the server in the context. `NodeHealth` of `@httpfx/node` does the same on Node's sockets, and
 * for a cluster.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <R = never, RF = never>(
  options: Options<R, RF>
): Layer.Layer<
  never,
  ServeError | InvalidOption,
  Server.Server | Network | R | Exclude<RF, HttpServerRequest | Scope.Scope>
> => Layer.scopedDiscard(Effect.flatMap(Server.Server, (server) => serve(server, options)))
