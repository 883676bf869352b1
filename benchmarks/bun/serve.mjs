// Bun's own server.
export const start = async () => {
  const { port } = globalThis.Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response("Hello, World!", { headers: { "content-type": "text/plain" } })
  })
  return port
}
