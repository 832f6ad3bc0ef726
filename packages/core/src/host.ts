/** What the outside may supply to the pure compiler. Every member is optional; errors say what would have been needed. */
export interface Host {
  /** Text of a file that `(load "x")` or `(include "x")` names, relative to `from`; undefined when there is none. */
  readonly readText?: (path: string, from: string) => { readonly name: string; readonly text: string } | undefined
}
