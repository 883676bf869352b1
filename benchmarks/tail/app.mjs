// The routes for tail latencies in addition to the small responses: a long download, and uploads.
const piece = Buffer.alloc(65_536, "0123456789abcdef")
export const makePiece = () => Buffer.from(piece)
export const hello = "Hello, World!"
