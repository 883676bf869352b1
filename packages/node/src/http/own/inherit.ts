/**
 * Helpers for constructor functions that inherit as Node's constructors do. Programs can call such a
 * constructor with `.call(this)`, as `util.inherits` needs, and can extend it with a class.
 */

/** A constructor that can be called without `new`, as constructors of Node and of this package can. */
export interface Constructor {
  readonly prototype: unknown
}

/** Makes `Child` a subclass of `Parent`. Stack traces still show the declared name of `Child`. */
export const inherit = (Child: Constructor, Parent: Constructor): void => {
  Object.setPrototypeOf(Child.prototype, Parent.prototype as object)
  Object.setPrototypeOf(Child, Parent)
}

/** Runs the constructor of the parent class on an object. */
export const callParent = (Parent: Constructor, self: object, options: unknown): void => {
  ;(Parent as unknown as (this: object, options: unknown) => void).call(self, options)
}
