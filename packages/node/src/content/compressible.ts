/**
 * The media types whose content becomes smaller when it is compressed.
 *
 * A test compares the table with `mime-db`, the database of registered types.
 */

const families = /^text\/|\+(?:json|text|xml)$/

const types: ReadonlySet<string> = new Set([
  ...["dart", "ecmascript", "graphql", "javascript", "json", "json-seq", "jsonl", "ndjson", "postscript"].map(
    (name) => `application/${name}`
  ),
  ...["raml+yaml", "rtf", "sql", "tar", "toml", "vnd.dart", "vnd.ms-fontobject", "vnd.ms-opentype"].map(
    (name) => `application/${name}`
  ),
  ...[
    "wasm",
    "xml",
    "xml-dtd",
    "yaml",
    "x-httpd-php",
    "x-javascript",
    "x-ndjson",
    "x-ns-proxy-autoconfig"
  ].map((name) => `application/${name}`),
  ...["x-sh", "x-tar", "x-www-form-urlencoded"].map((name) => `application/${name}`),
  ...["hdd", "ova", "ovf", "vbox", "vdi", "vhd", "vmdk"].map((name) => `application/x-virtualbox-${name}`),
  ...["font/otf", "font/ttf", "image/bmp", "image/vnd.adobe.photoshop", "image/vnd.microsoft.icon"],
  ...["image/vnd.ms-dds", "image/x-icon", "image/x-ms-bmp", "message/rfc822", "model/gltf-binary"],
  ...["x-shader/x-fragment", "x-shader/x-vertex"]
])

/**
 * Returns whether content of this media type is worth compressing. Ignores the case and the parameters of the
 * type.
 */
export const isCompressible = (mediaType: string): boolean => {
  const end = mediaType.indexOf(";")
  const type = (end < 0 ? mediaType : mediaType.slice(0, end)).trim().toLowerCase()
  return families.test(type) || types.has(type)
}
