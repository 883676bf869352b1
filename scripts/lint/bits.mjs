// The lint rule `bits`: a set of bits ends at the 31st. Bit operators work on 32 bits with a sign: the 32nd
// bit makes the set negative, and the 33rd is lost.

const first = 2 ** 31

/** The value of `2147483648`, `1 << 31` or `2 ** 31`, without the loss of bits that `<<` has itself. */
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
      // A member of a record of bits, or a constant beside others.
      Property: ({ value }) => look(value),
      TSEnumMember: ({ initializer = null }) => look(initializer),
      "VariableDeclaration[kind='const'] > VariableDeclarator": ({ init }) => look(init)
    }
  }
}
