// NestJS on Express: controllers, pipes, guards, interceptors, filters, streams and server-sent events;
// decorators applied by hand.
import "reflect-metadata"
import { once } from "node:events"
import { Readable } from "node:stream"
import * as nest from "@nestjs/common"
import { NestFactory } from "@nestjs/core"
import { ExpressAdapter } from "@nestjs/platform-express"
import { interval, map, take, tap } from "rxjs"
import { close, report, request } from "./tools.mjs"

/** Applies decorators as a compiler does: of a class, of a method, of a method's parameters. */
const decorate = (target, classDecorators, methods) => {
  for (const [name, { types = [], parameters = [], decorators }] of Object.entries(methods)) {
    const descriptor = Object.getOwnPropertyDescriptor(target.prototype, name)
    parameters.forEach((parameter, index) => parameter?.(target.prototype, name, index))
    const metadata = Reflect.metadata("design:paramtypes", types)
    Reflect.decorate([...decorators, metadata], target.prototype, name, descriptor)
  }
  Reflect.decorate(classDecorators, target)
}

class Cats {
  all = ["Tom"]
  add(name) {
    return this.all.push(name)
  }
}
decorate(Cats, [nest.Injectable()], {})

class Guard {
  canActivate(context) {
    return context.switchToHttp().getRequest().headers["x-refused"] === undefined
  }
}
class Count {
  static seen = []
  intercept(context, next) {
    return next.handle().pipe(tap(() => Count.seen.push(context.getHandler().name)))
  }
}
class Filter {
  catch(error, host) {
    const response = host.switchToHttp().getResponse()
    response.status(418).json({ filtered: error.message })
  }
}
decorate(Filter, [nest.Catch(RangeError)], {})

class CatsController {
  constructor(cats) {
    this.cats = cats
  }
  list(page, agent) {
    return { cats: this.cats.all, page, agent }
  }
  make(body) {
    return { made: body.name, size: this.cats.add(body.name) }
  }
  one(id) {
    return { id, type: typeof id }
  }
  broken() {
    throw new RangeError("out of range")
  }
  missing() {
    throw new nest.NotFoundException("no such cat")
  }
  away() {}
  file() {
    return new nest.StreamableFile(Readable.from([Buffer.from("meo"), Buffer.from("w")]), {
      type: "text/cat",
      length: 4
    })
  }
  events() {
    return interval(1).pipe(
      take(3),
      map((n) => ({ id: String(n), data: { n } }))
    )
  }
  async raw(req, res) {
    res.status(202).type("text")
    for await (const chunk of req) res.write(chunk)
    res.end()
  }
}
decorate(CatsController, [nest.Controller("cats"), Reflect.metadata("design:paramtypes", [Cats])], {
  list: {
    decorators: [nest.Get(), nest.Header("X-List", "yes")],
    parameters: [nest.Query("page"), nest.Headers("x-agent")]
  },
  make: { decorators: [nest.Post()], parameters: [nest.Body()], types: [Object] },
  one: {
    decorators: [nest.Get("one/:id")],
    parameters: [nest.Param("id", nest.ParseIntPipe)],
    types: [Number]
  },
  broken: { decorators: [nest.Get("broken")] },
  missing: { decorators: [nest.Get("missing")] },
  away: { decorators: [nest.Get("away"), nest.Redirect("/api/cats", 307)] },
  file: { decorators: [nest.Get("file")] },
  events: { decorators: [nest.Sse("events")] },
  raw: { decorators: [nest.Put("raw")], parameters: [nest.Req(), nest.Res()], types: [Object, Object] }
})

const log = []
class App {
  configure(consumer) {
    consumer
      .apply((req, res, next) => {
        res.setHeader("X-Middleware", req.method)
        next()
      })
      .forRoutes("*path")
  }
  onModuleDestroy() {
    log.push("module destroyed")
  }
  onApplicationShutdown() {
    log.push("shut down")
  }
}
decorate(App, [nest.Module({ controllers: [CatsController], providers: [Cats] })], {})

const app = await NestFactory.create(App, new ExpressAdapter(), {
  logger: false,
  forceCloseConnections: true
})
app.setGlobalPrefix("api")
app.useGlobalGuards(new Guard())
app.useGlobalInterceptors(new Count())
app.useGlobalFilters(new Filter())
app.enableCors({ origin: "http://ours.test" })
await app.listen(0, "127.0.0.1")
const url = `http://127.0.0.1:${app.getHttpServer().address().port}/api/cats`
const ask = async (path, options, body) => {
  const answer = await request(url + path, options, body)
  return [answer.status, answer.body]
}
const json = { "Content-Type": "application/json" }
const list = await request(`${url}?page=2`, { headers: { "X-Agent": "us", Origin: "http://ours.test" } })
report("list", [list.status, list.body, list.headers["x-list"], list.headers["x-middleware"]])
report("cors", [list.headers["access-control-allow-origin"], list.headers.vary])
report("made", await ask("", { method: "POST", headers: json }, '{"name":"Kit"}'))
report("spoilt", await ask("", { method: "POST", headers: json }, "{"))
report("one", await ask("/one/7"))
report("pipe", await ask("/one/x"))
report("filter", await ask("/broken"))
report("missing", await ask("/missing"))
report("unknown", await ask("/un/known"))
report("guard", await ask("", { headers: { "X-Refused": "1" } }))
report("redirect", (await request(`${url}/away`)).headers.location)
const file = await request(`${url}/file`)
report("file", [file.headers["content-type"], file.headers["content-length"], file.body])
const events = await request(`${url}/events`)
report("events", [events.headers["content-type"], events.headers["transfer-encoding"], events.body])
report("raw", await ask("/raw", { method: "PUT" }, "as it is"))
report("intercepted", Count.seen)
const server = app.getHttpServer()
const closed = once(server, "close")
await app.close()
await closed
report("closed", [log, server.listening])
close(server)
