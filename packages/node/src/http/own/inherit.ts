/**
 * Function constructors that inherit like Node's: callable with `.call(this)` by those who use
 * `util.inherits`, and extensible by classes.
 */

/** What this file takes for a constructor: Node's and ours are functions that can be called. */
export interface Constructor {
  readonly prototype: unknown
}

/** Makes `Child` a subclass of `Parent`. Stack traces show the name that `Child` was declared with. */
export const inherit = (Child: Constructor, Parent: Constructor): void => {
  Object.setPrototypeOf(Child.prototype, Parent.prototype as object)
  Object.setPrototypeOf(Child, Parent)
}

/** The parent's part of an object's construction. */
export const callParent = (Parent: Constructor, self: object, options: unknown): void => {
  ;(Parent as unknown as (this: object, options: unknown) => void).call(self, options)
}
