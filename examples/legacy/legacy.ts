/**
 * The existing app: Express, with middleware, a body parser, a router and an error handler. Nothing here
 * depends on Effect.
 */
import express from "express"

interface Item {
  readonly name: string
}

const items: Array<Item> = [{ name: "tea" }]

export const legacy: express.Express = express()

legacy.use((_request, response, next) => {
  response.setHeader("X-Served-By", "express")
  next()
})
legacy.use(express.json())

legacy.get("/items", (_request, response) => {
  response.json(items)
})
legacy.post("/items", (request, response) => {
  const { name } = (request.body ?? {}) as { readonly name?: unknown }
  if (typeof name !== "string") throw new Error("an item has a name")
  items.push({ name })
  if (items.length > 1000) items.shift()
  response.status(201).json({ name })
})

const failed: express.ErrorRequestHandler = (error: Error, _request, response, _next) => {
  response.status(400).json({ error: error.message })
}
legacy.use(failed)
