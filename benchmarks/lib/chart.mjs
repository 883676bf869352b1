// Draws the results as SVG. Each scenario has a bar per contestant, whose length is the speed relative to the
// baseline. A line shows the range from the lowest to the highest round. Text and numbers are those of the
// tables.
const width = 860
const left = 250
const right = 70
const bar = 18
const gap = 6
const heading = 34
const margin = 14

const escape = (text) => text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)
const place = (value) => value.toFixed(1)

const group = ({ baseline, rows, title }, top) => {
  const most = Math.max(...rows.map(({ ratio }) => ratio.max))
  const scale = (width - left - right) / most
  const parts = [`<text x="0" y="${top + 16}" class="title">${escape(title)}</text>`]
  rows.forEach(({ name, ratio }, index) => {
    const y = top + heading + index * (bar + gap)
    const middle = y + bar / 2
    const kind = name === baseline ? "base" : name.includes("httpfx") ? "ours" : "other"
    parts.push(
      `<text x="${left - 10}" y="${middle + 4}" class="name">${escape(name)}</text>`,
      `<rect x="${left}" y="${y}" width="${place(ratio.median * scale)}" height="${bar}" class="${kind}"/>`,
      `<path d="M${place(left + ratio.min * scale)} ${middle}H${place(left + ratio.max * scale)}" class="spread"/>`,
      `<text x="${place(left + ratio.max * scale + 8)}" y="${middle + 4}">${ratio.median.toFixed(2)}</text>`
    )
  })
  const base = left + scale
  const bottom = top + heading + rows.length * (bar + gap) - gap
  parts.push(`<path d="M${place(base)} ${top + heading - 4}V${bottom + 4}" class="one"/>`)
  return { parts, bottom: bottom + 22 }
}

/** Draws groups: `{ title, baseline, rows: [{ name, ratio: { median, min, max } }] }`. */
export const chart = (groups, about) => {
  const parts = [`<text x="0" y="16">${escape(about)}</text>`]
  let top = 34
  for (const each of groups) {
    const { bottom, parts: more } = group(each, top)
    parts.push(...more)
    top = bottom
  }
  const frame = [-margin, -margin, width + 2 * margin, top + 2 * margin]
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${frame[2]}" height="${frame[3]}" viewBox="${frame.join(" ")}" role="img">
<style>
.page { fill: #fff }
text { font: 13px system-ui, sans-serif; fill: #57606a }
.title { font-weight: 600; fill: #1f2328 }
.name { text-anchor: end }
.ours { fill: #1f6feb } .base { fill: #8c959f } .other { fill: #c4ccd4 }
.spread { stroke: #1f2328; stroke-width: 1.5; opacity: 0.5 }
.one { stroke: #57606a; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) {
  .page { fill: #0d1117 } text { fill: #9198a1 } .title { fill: #f0f6fc } .spread { stroke: #f0f6fc } .other { fill: #3d444d }
}
</style>
<rect x="${frame[0]}" y="${frame[1]}" width="100%" height="100%" class="page"/>
${parts.join("\n")}
</svg>
`
}
