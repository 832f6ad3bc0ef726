/**
 * The contract between evaluation and lowering of `.bpf.ts` files.
 *
 * A `.bpf.ts` module is an ordinary module. Evaluation (unplugin-bpf/src/evaluate) rewrites it so that every function is
 * registered where it stands, runs it, and turns what it exports into the plain data below: no live functions, no
 * thunks, nothing but objects that survive `structuredClone`. Lowering (core/src/ts) sees this data and the syntax trees
 * only; it never runs user code, and may run in another thread than the user's module.
 *
 *   `x.bpf.ts` --transform--> wrapped JS --import()--> live values --snapshot--> EvaluatedModule --lower--> Module
 *
 * Wrapping. `(ctx) => XDP.PASS` becomes `__kernel((ctx) => XDP.PASS, { file, start, end, name, captures: { XDP: () => XDP } })`,
 * which gives back the same function and notes its origin; function declarations are noted by a statement at the top of
 * their scope. Every function of a `.bpf.ts` file and of its relative imports is noted, also those that run at build
 * time only: which ones are kernel functions is known only when a program constructor receives them. Captures are all
 * free names of the function that are bound outside it in its file: imports, module variables, parameters and variables of
 * enclosing functions (so each closure has its own values). Names in type positions (`(x: u8) => ...`) are captured too
 * when they name a value or an import from `unplugin-bpf/dsl`, so that `captures.u8` is the schema even for `import type`.
 * Globals of JavaScript (`Math`, `undefined`) are never captures. Captures are read after the module has run.
 *
 * Identity. One live object becomes one data object: a map that two programs capture is the same `MapDef` in both and in
 * `ObjectDef.maps`; compare with `===`. The same holds for functions (`CapturedFunction`) and schemas (`Type` objects).
 * Structured clone keeps this.
 *
 * Recognition. Lowering never looks at names that user code chose. `import { u32 as w, bpf as b, range } from
 * 'unplugin-bpf/dsl'` gives captures `w: { kind: 'schema', type: u32 }`, `b: { kind: 'intrinsic', name: 'bpf' }`,
 * `range: { kind: 'intrinsic', name: 'range' }`; `import * as dsl` gives an `object` with these as entries. Constants such
 * as `XDP` are plain objects of numbers. What each kind allows inside a kernel function:
 *
 *   number, bigint, boolean   a constant                        string      printk formats, compile-time comparison
 *   array                     for..of unrolls, `.length`, `[i]`  object      `.field`, destructuring (compile-time data)
 *   schema                    cast `u32(x)`, literal `Flow({ .. })`, `.size`, argument of `ctx.at(S, off)`
 *   map                       get set delete add has reserve output ... (by MapTypeRow), argument of helpers
 *   global                    `.value`, or the fields of a struct
 *   function                  inlined with the types of the call        subprog   called
 *   intrinsic                 see IntrinsicName                 kernelStruct   typed reads of kernel memory
 *   opaque, failed, program   an error that says what it is, at the use
 *
 * Helpers. `bpf.x(...)`: `x` is the camel-case name of a helper row, or a name in HELPER_ALIASES (dsl/helper-aliases.ts). A
 * `mem` argument and the `size` that belongs to it are ONE argument in TypeScript, in the place of whichever comes first
 * in the row: a reference to an array, a struct, or a view; its size is that of the type (`null` where the row says
 * nullable: size 0). Arguments after the last that is needed may be left out and are 0. `trace_printk` is
 * `bpf.printk(format, ...numbers)`. A `ctx` argument takes the handler's `ctx`. Map arguments take the map. `mapKey` and `mapValue` take a value.
 */
import type { GlobalDef, MapDef } from './map-def.ts'
import type { ObjectDef, ProgramDef, SubprogDef } from './program-def.ts'
import type { KernelStructDef, SchemaDef } from './schema.ts'

/** What one captured name, array item or object entry holds. */
export type Captured =
  /** Maybe with a fraction, NaN or infinite: lowering refuses those where an integer is needed. */
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'bigint'; readonly value: bigint }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'null' }
  | { readonly kind: 'undefined' }
  | { readonly kind: 'array'; readonly items: readonly Captured[] }
  /** A plain object or a module namespace; own enumerable string keys, in order. */
  | { readonly kind: 'object'; readonly entries: ReadonlyMap<string, Captured> }
  | SchemaDef
  | KernelStructDef
  | MapDef
  | GlobalDef
  | ProgramDef
  | SubprogDef
  | ObjectDef
  | CapturedFunction
  | { readonly kind: 'intrinsic'; readonly name: IntrinsicName }
  /** A value that has no meaning in the kernel; `what` completes "this is ..." (`a Map`, `the class Foo`, `a symbol`). */
  | { readonly kind: 'opaque'; readonly what: string }
  /** Reading the name threw (a `const` that evaluation never reached). */
  | { readonly kind: 'failed'; readonly message: string }

/**
 * Members of `unplugin-bpf/dsl` that mean something only inside kernel functions (`bpf`, `range`, `barrier`), or that are
 * of no use there (`each`, `map`, `xdp` ...): lowering refuses the latter by name. `name` is the export's name.
 */
export type IntrinsicName = string

/** A function of the user, by its place in a source; its tree is found by `start` and `end`. */
export interface CapturedFunction {
  readonly kind: 'function'
  /** Key of `EvaluatedModule.files`. */
  readonly file: string
  /** Offsets (UTF-16) of the function's own node: ArrowFunctionExpression, FunctionExpression or FunctionDeclaration. */
  readonly start: number
  readonly end: number
  /** Variable, property or declaration that it was first given to; `''` when none. */
  readonly name: string
  /** Every free name of the function. */
  readonly captures: ReadonlyMap<string, Captured>
  /** Captured names that are assigned somewhere after their declaration: a warning at each use. */
  readonly mutated: readonly string[]
}

/** Everything that lowering needs of one evaluated `.bpf.ts`. */
export interface EvaluatedModule {
  /** Key of the main file in `files`; names are as messages show them. */
  readonly main: string
  /** Source text by name: the main file and every TypeScript or JavaScript file it imports by a relative path. */
  readonly files: ReadonlyMap<string, string>
  /** The default export. */
  readonly object: ObjectDef
  /** Named exports, in source order. */
  readonly exports: ReadonlyMap<string, Captured>
}
