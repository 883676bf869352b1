// The app of the stream scenarios. `GET /<MiB>` sends that many MiB in newly allocated pieces of 64 KiB, like
// the pieces of a file. `POST /` reads its body piece by piece, and replies with the number of bytes.
export const pieceSize = 65_536

export const piecesOf = (url) => (Number(url.slice(1)) * 1_048_576) / pieceSize

export const makePiece = () => Buffer.allocUnsafe(pieceSize)
