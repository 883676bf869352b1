// 103 (Early Hints): valid links (RFC 8288 §3), and the head.
import { describe, expect, it } from "vitest"
import { encodeEarlyHints, isLink } from "@httpfx/core/wire"

describe("isLink", () => {
  it.each([
    "</style.css>",
    "</style.css>; rel=preload",
    "</style.css>;rel=preload;as=style",
    '<https://cdn.example/a.js>; rel="preload"; as="script"; crossorigin',
    '</a>; title="a;b \\" c"; rel=next',
    "<>; rel = self",
    "</a>; title*=UTF-8''x",
    "</a>\t;\ta\t=\tb\t",
    "</a> ",
    "</a>; a ; b",
    '</a>; a=""; b="c" ',
    '</a>; a="\\\\"; b',
    "</a;b=c>"
  ])("takes %s", (link) => expect(isLink(link)).toBe(true))

  it.each([
    "",
    "style.css",
    "</style.css",
    "/style.css>; rel=preload",
    "</style.css> rel=preload",
    "</style.css>;",
    "</style.css>; =preload",
    "</style.css>; rel=",
    '</style.css>; rel="preload',
    "</style.css>; r l=preload",
    "</style.css>; rel=pre\r\nload",
    "</style.css>, </other.css>",
    "</a>b",
    "</a>;;a",
    "</a>; a=b c",
    '</a>; a="b"c',
    '</a>; a="b\\"',
    "</a>; a==b",
    '</a>; "a"=b',
    "</a>; a=;b",
    "</a>\u0100",
    "<",
    ">"
  ])("refuses %s", (link) => expect(isLink(link)).toBe(false))
})

describe("encodeEarlyHints", () => {
  it("joins links and keeps other fields", () => {
    expect(encodeEarlyHints(["</a.css>; rel=preload", "</b.js>"], ["X-Trace", "1"])).toBe(
      "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload, </b.js>\r\nX-Trace: 1\r\n\r\n"
    )
  })

  it("is empty without links", () => expect(encodeEarlyHints([])).toBe(""))

  it("names the invalid link", () => {
    expect(encodeEarlyHints(["</a>", "bad"])).toEqual({
      _tag: "Violation",
      code: "ERR_INVALID_ARG_VALUE",
      what: "hints",
      value: "bad"
    })
  })

  it("refuses invalid fields", () => {
    expect(encodeEarlyHints("</a>", ["X", "a\r\nb"])).toMatchObject({ code: "ERR_INVALID_CHAR" })
  })
})
