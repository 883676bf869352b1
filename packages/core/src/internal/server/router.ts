/**
 * Compiles a platform `HttpRouter` for one server. A request then starts the handler of its route directly,
 * without the effects by which platform's router copies and swaps the context.
 *
 * Routes, mounts, prefixes, router options, span attributes and failures are the same as with
 * `HttpRouter.toHttpApp`. The only difference is that after the handler, the context still has `RouteContext`
 * and `ParsedSearchParams`.
 */
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as ServerError from "@effect/platform/HttpServerError"
import * as Respondable from "@effect/platform/HttpServerRespondable"
import * as ServerRequest from "@effect/platform/HttpServerRequest"
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as FindMyWay from "find-my-way-ts"
import { LayeredMap } from "../fast/layeredMap.js"
import { exchangeOf } from "./exchange.js"

type Router = HttpRouter.HttpRouter<unknown, unknown>
type Route = HttpRouter.Route<unknown, unknown>
type Handler = HttpRouter.Route.Handler<unknown, unknown>
type Program = Effect.Effect<HttpServerResponse, unknown, unknown>

/** Returns the effect that runs a handler and the steps after the handler. */
export type Run = (handler: Handler, uninterruptible: boolean) => Program

/**
 * Runs a handler as platform's router does. The handler can be interrupted, unless its route is marked
 * `uninterruptible`.
 */
export const asPlatform: Run = (handler, uninterruptible) => {
  const response = Effect.flatMap(handler, Respondable.toResponse)
  return uninterruptible ? response : Effect.interruptible(response)
}

/** Whether an app is a router whose routes `compile` can read. */
export const isRouter = (app: Effect.Effect<unknown, unknown, unknown>): app is Router =>
  HttpRouter.TypeId in app

/**
 * Returns the app of a router. `run` determines how handlers run. Routes are compiled at the first request,
 * with the router options of its fiber.
 */
export const compile = (router: Router, run: Run): Program => {
  let app: Program | undefined
  return Effect.withFiberRuntime<HttpServerResponse, unknown, unknown>(
    (fiber) => (app ??= appOf(router, fiber.getFiberRef(HttpRouter.currentRouterConfig), run))
  )
}

interface Compiled {
  readonly route: Route
  readonly program: Program
}

const appOf = (router: Router, config: Partial<FindMyWay.RouterConfig>, run: Run): Program => {
  const routes = FindMyWay.make<Compiled>(config)
  for (const route of router.routes) {
    const { handler, method, path, prefix, uninterruptible } = route
    const compiled = { route, program: run(Option.match(prefix, behind(handler)), uninterruptible) }
    if (method === "*") routes.all(path, compiled)
    else routes.on(method, path, compiled)
  }
  const mounts = Chunk.toReadonlyArray(router.mounts).map((mount) => mountOf(mount, run))
  return Effect.withFiberRuntime<HttpServerResponse, unknown, unknown>((fiber) => {
    const services = fiber.currentContext.unsafeMap as Map<string, unknown>
    const request = services.get(ServerRequest.HttpServerRequest.key) as ServerRequest.HttpServerRequest
    const { method, url } = request
    const mount = mounts.length === 0 ? undefined : mountFor(mounts, url)
    if (mount !== undefined) return mount.program
    const found = routes.find(method, url) ?? (method === "HEAD" ? routes.find("GET", url) : undefined)
    if (found === undefined) return run(Effect.fail(new ServerError.RouteNotFound({ request })), false)
    const { program, route } = found.handler
    nameRoute(services, request, route.path)
    // Change only the exchange's own map. Any other map comes from middleware, which may share the map.
    const isOwn = services instanceof LayeredMap
    const routed = isOwn ? services : new Map(services)
    routed.set(HttpRouter.RouteContext.key, contextOf(route, found.params))
    routed.set(ServerRequest.ParsedSearchParams.key, found.searchParams)
    return isOwn ? program : Effect.locally(program, FiberRef.currentContext, Context.unsafeMake(routed))
  })
}

interface Mount {
  readonly path: string
  readonly program: Program
}

type MountOf<R> = R extends { readonly mounts: Chunk.Chunk<infer M> } ? M : never

const mountOf = ([path, app, options]: MountOf<Router>, run: Run): Mount => {
  const whole = options?.includePrefix === true
  const route = whole
    ? HttpRouter.makeRoute("*", `${path as HttpRouter.PathInput}/*` as HttpRouter.PathInput, app)
    : HttpRouter.makeRoute("*", "/*", app, { prefix: path })
  const handler = Option.match((route as Route).prefix, behind(app as Handler))
  const routed = Effect.provideService(handler, HttpRouter.RouteContext, contextOf(route as Route, {}))
  // The mounted app itself decides what is interruptible, as on platform's router.
  return { path, program: run(routed, true) }
}

const mountFor = (mounts: ReadonlyArray<Mount>, url: string): Mount | undefined => {
  const query = url.indexOf("?")
  const path = query === -1 ? url : url.slice(0, query)
  return mounts.find((mount) => path === mount.path || path.startsWith(`${mount.path}/`))
}

/**
 * Handles both cases of a route's optional prefix. With a prefix, the handler gets a request whose URL lacks
 * the prefix.
 */
const behind = (handler: Handler) => ({
  onNone: () => handler,
  onSome: (prefix: string): Handler =>
    Effect.mapInputContext(handler, (context: Context.Context<unknown>) => {
      const request = Context.get(context, ServerRequest.HttpServerRequest)
      const url = request.url.length <= prefix.length ? "/" : request.url.slice(prefix.length)
      return Context.add(context, ServerRequest.HttpServerRequest, request.modify({ url }))
    })
})

const contextOf = (route: Route, params: HttpRouter.RouteContext["params"]): HttpRouter.RouteContext => ({
  [HttpRouter.RouteContextTypeId]: HttpRouter.RouteContextTypeId,
  route,
  params
})

/** Adds the path of a route to the span of its request. */
const nameRoute = (
  services: ReadonlyMap<string, unknown>,
  request: ServerRequest.HttpServerRequest,
  path: string
): void => {
  const exchange = exchangeOf(request)
  if (exchange !== undefined) exchange.route = path
  const span = services.get(Tracer.ParentSpan.key) as Tracer.AnySpan | undefined
  // The exchange's own span gets the route from the exchange.
  if (span?._tag === "Span" && span !== exchange?.span) span.attribute("http.route", path)
}
