// The routes of the tail latencies besides the small responses: a long download, and uploads.
const piece = Buffer.alloc(65_536, "0123456789abcdef")
export const makePiece = () => Buffer.from(piece)
export const hello = "Hello, World!"
