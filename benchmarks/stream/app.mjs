// The app of the streams: `GET /<MiB>` sends that many MiB in pieces of 64 KiB, each newly allocated, as
// pieces of a file would be; `POST /` reads its body piece by piece and replies with the number of bytes.
export const pieceSize = 65_536

export const piecesOf = (url) => (Number(url.slice(1)) * 1_048_576) / pieceSize

export const makePiece = () => Buffer.allocUnsafe(pieceSize)
