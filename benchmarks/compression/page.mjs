// The page that the compression scenarios send: 20 kB of JSON.
export const page = JSON.stringify(
  Array.from({ length: 200 }, (_, id) => ({
    id,
    name: `item ${id}`,
    price: id * 7,
    tags: ["tea", "green"],
    stock: id % 9
  }))
)
export const contentType = "application/json"
