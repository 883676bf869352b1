/**
 * Helpers for constructor functions that inherit like those of Node: programs can call them with
 * `.call(this)`, as `util.inherits` needs, and can extend them with classes.
 */

/** A constructor that can be called without `new`, like Node's and ours. */
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
