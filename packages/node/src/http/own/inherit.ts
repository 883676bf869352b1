/**
 * Helpers for constructor functions that inherit as Node's do. Programs can call such a constructor with
 * `.call(this)`, as `util.inherits` needs, and can extend it with a class.
 */

/** A constructor that can be called without `new`, as Node's and ours can. */
export interface Constructor {
  readonly prototype: unknown
}

/** Makes `Child` a subclass of `Parent`. Stack traces show the name with which `Child` was declared. */
export const inherit = (Child: Constructor, Parent: Constructor): void => {
  Object.setPrototypeOf(Child.prototype, Parent.prototype as object)
  Object.setPrototypeOf(Child, Parent)
}

/** Runs the constructor of the parent class on an object. */
export const callParent = (Parent: Constructor, self: object, options: unknown): void => {
  ;(Parent as unknown as (this: object, options: unknown) => void).call(self, options)
}
