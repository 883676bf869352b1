// What a server of the tail latencies does beside its small responses: a long download, and uploads.
const piece = Buffer.alloc(65_536, "0123456789abcdef")
export const makePiece = () => Buffer.from(piece)
export const hello = "Hello, World!"
