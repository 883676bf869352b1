// The upper bound on Bun: a socket that replies to any bytes with a constant, without parsing HTTP.
const answer = Buffer.from(
  "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 13\r\n\r\nHello, World!",
  "latin1"
)

export const start = async () => {
  const socket = { data: (socket) => socket.write(answer) }
  return globalThis.Bun.listen({ port: 0, hostname: "127.0.0.1", socket }).port
}
