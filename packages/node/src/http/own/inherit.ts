/**
 * Constructor functions that inherit like Node's: callable with `.call(this)`, as `util.inherits` needs, and
 * extensible by classes.
 */

/** A constructor as this file accepts it: Node's and ours are plain callable functions. */
export interface Constructor {
  readonly prototype: unknown
}

/** Makes `Child` a subclass of `Parent`. Stack traces show the name that `Child` was declared with. */
export const inherit = (Child: Constructor, Parent: Constructor): void => {
  Object.setPrototypeOf(Child.prototype, Parent.prototype as object)
  Object.setPrototypeOf(Child, Parent)
}

/** Runs the parent's constructor on an object. */
export const callParent = (Parent: Constructor, self: object, options: unknown): void => {
  ;(Parent as unknown as (this: object, options: unknown) => void).call(self, options)
}
