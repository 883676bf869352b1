// What every contestant of the streams does: `GET /<MiB>` gives that many MiB in pieces of 64 KiB, each
// allocated anew, as pieces of a file would be; `POST /` reads its body piece by piece and answers with the
// number of bytes.
export const pieceSize = 65_536

export const piecesOf = (url) => (Number(url.slice(1)) * 1_048_576) / pieceSize

export const makePiece = () => Buffer.allocUnsafe(pieceSize)
