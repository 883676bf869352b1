// The lint rule `bits`: a set of bits has at most 31 members. Bit operators use signed 32-bit integers, so
// the 32nd bit makes the set negative, and the 33rd bit is lost.

const first = 2 ** 31

/**
 * Returns the value of `2147483648`, `1 << 31` or `2 ** 31` as a positive number, unlike the operator `<<`.
 */
const valueOf = (node) => {
  if (node.type === "Literal") return node.value
  if (node.type !== "BinaryExpression") return undefined
  const [left, right] = [valueOf(node.left), valueOf(node.right)]
  if (typeof left !== "number" || typeof right !== "number") return undefined
  if (node.operator === "<<") return left * 2 ** right
  return node.operator === "**" ? left ** right : undefined
}

const isLostBit = (value) => typeof value === "number" && value >= first && Number.isInteger(Math.log2(value))

/** @type {import("eslint").Rule.RuleModule} */
export const bits = {
  meta: { type: "problem", schema: [] },
  create: ({ report }) => {
    const look = (node) => {
      if (node !== null && isLostBit(valueOf(node)))
        report({ node, message: "A set of bits has 31 at most: use a record of booleans (model/flags.ts)." })
    }
    return {
      // A bit is a member of a record, a member of an enum, or a constant.
      Property: ({ value }) => look(value),
      TSEnumMember: ({ initializer = null }) => look(initializer),
      "VariableDeclaration[kind='const'] > VariableDeclarator": ({ init }) => look(init)
    }
  }
}
