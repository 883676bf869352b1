// The routes of platform/router.mjs, on fastify. With `?schema`, the JSON response has a schema, which
// fastify compiles.
import fastify from "fastify"

const text = "text/plain; charset=utf-8"
const user = {
  type: "object",
  properties: {
    id: { type: "number" },
    name: { type: "string" },
    tags: { type: "array", items: { type: "string" } },
    active: { type: "boolean" }
  }
}

export const start = async () => {
  const described = new URL(import.meta.url).search === "?schema"
  const app = fastify()
  const other = (_request, reply) => {
    reply.type(text).send("another")
  }
  for (let n = 0; n < 16; n++) {
    app.get(`/things${n}`, other)
    app.get(`/things${n}/:id`, other)
    app.post(`/things${n}/:id/parts/:part`, other)
  }
  app.get("/assets/*", other)
  app.put("/users/:id", { ...(described && { schema: { response: { 200: user } } }) }, (request, reply) => {
    reply.send({ id: Number(request.params.id), ...request.body, active: true })
  })
  await app.listen({ port: 0, host: "127.0.0.1" })
  return app.server.address().port
}
