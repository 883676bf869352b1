// The lint rule `plain-words`: a comment names its subject. Reports phrases that leave the subject out.

const turns = [
  {
    turn: /(?:^|[.:;] )(What|Who|Whoever|Whose|One that|Of which|That which)\b[^.?]*(?:\.|$)/,
    instead: "begin with the subject"
  },
  { turn: /(?<!\bthere )\b((?:is|are) none)\b/i, instead: "say what it is" },
  {
    turn: /(?<!\bthere )\b(is no (?!longer|more than)[a-z]+|is no longer one)\b/i,
    instead: "say what it is"
  },
  { turn: /\b(nobody's|no one's)\b/, instead: "say whose it is" },
  { turn: /\b(had enough)\b/, instead: "name the limit" }
]

/**
 * Returns the texts of comments. Adjacent line comments are one text, and the marks of block comments are
 * removed.
 */
const textsOf = (comments) => {
  const texts = []
  let last
  for (const comment of comments) {
    const text = comment.value.replace(/^\s*\*+ ?/gm, "")
    const goesOn =
      comment.type === "Line" && last?.type === "Line" && last.loc.end.line + 1 === comment.loc.start.line
    if (goesOn) texts.at(-1).text += ` ${text.trim()}`
    else texts.push({ comment, text: text.trim() })
    last = comment
  }
  // Leave out code and tags, because they are not prose.
  return texts.map(({ comment, text }) => ({
    comment,
    text: text
      .replace(/@example[\s\S]*?(?=\n@|$)/g, "")
      .replace(/`[^`]*`/g, "`…`")
      .replace(/\s+/g, " ")
  }))
}

/** @type {import("eslint").Rule.RuleModule} */
export const plainWords = {
  meta: { type: "suggestion", schema: [] },
  create: ({ report, sourceCode }) => ({
    Program() {
      for (const { comment, text } of textsOf(sourceCode.getAllComments()))
        for (const { turn, instead } of turns) {
          const found = turn.exec(text)
          if (found !== null) report({ loc: comment.loc, message: `"${found[1]} …": ${instead}.` })
        }
    }
  })
}
