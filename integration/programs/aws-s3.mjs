// @aws-sdk/client-s3 against a small store: checksums, chunked and signed streams, ranges, lists, parts,
// retries, aborts.
import { createHash } from "node:crypto"
import http from "node:http"
import { Readable } from "node:stream"
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  UploadPartCommand
} from "@aws-sdk/client-s3"
import { close, listen, report } from "./tools.mjs"

// The library warns about Node.js versions that it will drop.
process.removeAllListeners("warning")

const objects = new Map()
const parts = []
let failures = 0
const controller = new AbortController()
const log = []

/** The content of `aws-chunked` and its trailers. */
const decoded = (body) => {
  const pieces = []
  const trailers = {}
  let at = 0
  for (;;) {
    const end = body.indexOf("\r\n", at)
    const size = parseInt(body.toString("latin1", at, end), 16)
    at = end + 2
    if (size === 0) break
    pieces.push(body.subarray(at, at + size))
    at += size + 2
  }
  for (const line of body.toString("latin1", at).split("\r\n")) {
    const colon = line.indexOf(":")
    if (colon > 0) trailers[line.slice(0, colon).trim()] = line.slice(colon + 1).trim()
  }
  return { content: Buffer.concat(pieces), trailers }
}
const read = async (req) => {
  const pieces = []
  for await (const piece of req) pieces.push(piece)
  const body = Buffer.concat(pieces)
  const chunked = String(req.headers["content-encoding"]).includes("aws-chunked")
  return chunked ? decoded(body) : { content: body, trailers: {} }
}
const tag = (content) => `"${createHash("md5").update(content).digest("hex")}"`
const xml = (res, body, status = 200) =>
  void res.writeHead(status, { "Content-Type": "application/xml" }).end(`<?xml version="1.0"?>${body}`)
const problem = (res, status, code) =>
  xml(res, `<Error><Code>${code}</Code><Message>${code} it is</Message></Error>`, status)

const server = http.createServer(async (req, res) => {
  const url = new URL(req.url, "http://store")
  const key = decodeURIComponent(url.pathname.replace(/^\/bucket\/?/, ""))
  const sum = Object.keys(req.headers).filter(
    (name) => name.startsWith("x-amz-checksum") || name === "x-amz-trailer"
  )
  log.push(`${req.method} ${key} ${[...url.searchParams.keys()].join()} ${sum.join()}`)
  res.setHeader("x-amz-request-id", String(log.length))
  if (!String(req.headers.authorization).startsWith("AWS4-HMAC-SHA256 "))
    return problem(res, 403, "AccessDenied")
  if (key === "slow") return void controller.abort()
  if (key === "busy" && ++failures < 3) {
    if (failures === 1) return void req.socket.destroy()
    return problem(res, 503, "SlowDown")
  }
  if (req.method === "PUT") {
    const { content, trailers } = await read(req)
    const crc = req.headers["x-amz-checksum-crc32"] ?? trailers["x-amz-checksum-crc32"]
    if (url.searchParams.has("partNumber")) parts[url.searchParams.get("partNumber") - 1] = content
    else
      objects.set(key, { content, crc, type: req.headers["content-type"], meta: req.headers["x-amz-meta-a"] })
    res.setHeader("ETag", tag(content))
    if (crc !== undefined) res.setHeader("x-amz-checksum-crc32", crc)
    return void res.end()
  }
  if (req.method === "POST") {
    const { content } = await read(req)
    if (url.searchParams.has("uploads"))
      return xml(
        res,
        `<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>`
      )
    if (url.searchParams.has("delete")) {
      const keys = [...content.toString().matchAll(/<Key>(.*?)<\/Key>/g)].map(([, name]) => name)
      for (const name of keys) objects.delete(name)
      return xml(
        res,
        `<DeleteResult>${keys.map((name) => `<Deleted><Key>${name}</Key></Deleted>`).join("")}</DeleteResult>`
      )
    }
    objects.set(key, { content: Buffer.concat(parts) })
    // Spaces keep the connection alive while the parts are joined.
    res.writeHead(200, { "Content-Type": "application/xml" })
    res.write(`<?xml version="1.0"?>`)
    res.write("  ")
    const result = `<CompleteMultipartUploadResult><Key>${key}</Key><ETag>"m-2"</ETag></CompleteMultipartUploadResult>`
    return void setImmediate(() => res.end(result))
  }
  if (req.method === "DELETE") {
    objects.delete(key)
    return void res.writeHead(204).end()
  }
  if (key === "") {
    const all = [...objects.keys()].sort()
    const from = Number(url.searchParams.get("continuation-token") ?? 0)
    const to = from + Number(url.searchParams.get("max-keys"))
    const contents = all.slice(from, to).map((name) => `<Contents><Key>${name}</Key></Contents>`)
    const next = to < all.length ? `<NextContinuationToken>${to}</NextContinuationToken>` : ""
    const more = `<IsTruncated>${to < all.length}</IsTruncated>${next}`
    return xml(res, `<ListBucketResult>${more}${contents.join("")}</ListBucketResult>`)
  }
  const object = objects.get(key)
  if (object === undefined) return problem(res, 404, "NoSuchKey")
  const { content, crc, type, meta } = object
  res.setHeader("ETag", tag(content))
  if (type !== undefined) res.setHeader("Content-Type", type)
  if (meta !== undefined) res.setHeader("x-amz-meta-a", meta)
  const [, start, end] = /bytes=(\d+)-(\d+)/.exec(req.headers.range) ?? []
  if (start !== undefined) {
    res.writeHead(206, { "Content-Range": `bytes ${start}-${end}/${content.length}` })
    return void res.end(content.subarray(Number(start), Number(end) + 1))
  }
  if (crc !== undefined) res.setHeader("x-amz-checksum-crc32", key === "spoilt" ? "AAAAAA==" : crc)
  if (key === "cut") {
    res.setHeader("Content-Length", content.length + 1)
    res.write(content)
    return void setTimeout(() => res.destroy(), 5)
  }
  res.setHeader("Content-Length", content.length)
  res.end(req.method === "HEAD" ? undefined : content)
})
const port = await listen(server)
const client = new S3Client({
  endpoint: `http://127.0.0.1:${port}`,
  region: "eu-test-1",
  forcePathStyle: true,
  credentials: { accessKeyId: "key", secretAccessKey: "secret" },
  logger: { debug() {}, info() {}, warn: (said) => report("warned", said), error() {} },
  maxAttempts: 4,
  retryMode: "standard",
  requestHandler: { connectionTimeout: 5000, requestTimeout: 60_000 }
})
const Bucket = "bucket"
const failure = (promise) =>
  promise.then(
    () => "no error",
    (error) => [error.name, error.code, error.$metadata?.httpStatusCode, error.$metadata?.attempts]
  )
const put = (Key, Body, more) => client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))
const get = async (Key, more) => {
  const { Body, ...rest } = await client.send(new GetObjectCommand({ Bucket, Key, ...more }))
  return { ...rest, text: await Body.transformToString() }
}
const made = await put("a.txt", "hello", { ContentType: "text/plain", Metadata: { a: "1" } })
report("put", [made.ETag, made.ChecksumCRC32, made.$metadata.attempts])
const got = await get("a.txt")
report("get", [got.text, got.ContentType, got.Metadata, got.ContentLength, got.ChecksumCRC32])
const large = Buffer.alloc(300_000, "stream ")
const source = Readable.from(
  Array.from({ length: 30 }, (_, n) => large.subarray(n * 10_000, (n + 1) * 10_000))
)
report("stream", (await put("stream", source, { ContentLength: large.length })).ChecksumCRC32)
report("as it was", (await get("stream")).text === large.toString())
report("range", (await get("stream", { Range: "bytes=7-12" })).text)
report("empty", [(await put("empty", "")).ETag, (await get("empty")).text])
const head = await client.send(new HeadObjectCommand({ Bucket, Key: "a.txt" }))
report("head", [head.ContentLength, head.ETag])
report("missing", await failure(get("missing")))
report("missing head", await failure(client.send(new HeadObjectCommand({ Bucket, Key: "missing" }))))
await put("spoilt", "spoilt")
report("a wrong checksum", await get("spoilt").catch((error) => error.message))
await put("cut", "cut")
report("cut", await failure(get("cut")))
const busy = await put("busy", "at last")
report("retries", [busy.$metadata.attempts, (await get("busy")).text])
const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: "parts" }))
const Parts = await Promise.all(
  [1, 2].map(async (PartNumber) => {
    const Body = Buffer.alloc(100_000, String(PartNumber))
    const { ETag } = await client.send(
      new UploadPartCommand({ Bucket, Key: "parts", UploadId, PartNumber, Body })
    )
    return { ETag, PartNumber }
  })
)
const whole = await client.send(
  new CompleteMultipartUploadCommand({ Bucket, Key: "parts", UploadId, MultipartUpload: { Parts } })
)
report("parts", [whole.ETag, (await get("parts")).text.length])
const pages = []
for await (const page of paginateListObjectsV2({ client, pageSize: 3 }, { Bucket }))
  pages.push(page.Contents.map(({ Key }) => Key))
report("list", pages)
const slow = failure(
  client.send(new GetObjectCommand({ Bucket, Key: "slow" }), { abortSignal: controller.signal })
)
report("aborted", await slow)
await client.send(new DeleteObjectCommand({ Bucket, Key: "a.txt" }))
const Objects = ["cut", "spoilt"].map((Key) => ({ Key }))
report("deleted", (await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))).Deleted)
report("left", [...objects.keys()])
report("requests", log.sort())
client.destroy()
close(server)
