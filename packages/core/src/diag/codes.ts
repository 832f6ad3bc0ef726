/**
 * Every diagnostic code, with a title for the docs. Codes are words. A code is declared here once, used somewhere, and
 * has an `errors` filetest; a test checks all three.
 */
export const DIAGNOSTIC_CODES = {
  // reading
  'missing-file': 'A source file or an included file cannot be read',
  'empty-file': 'The source file holds no forms',
  'binary-file': 'The source file is not text',
  'unbalanced-parens': 'A list is not closed, or closed once too often',
  'unterminated-string': 'A string has no closing quote',
  'bad-token': 'Characters that are no number, symbol or reader syntax',
  'nesting-too-deep': 'Lists are nested deeper than the reader allows',
  // names
  'unknown-form': 'No special form, macro or helper has this name',
  'unbound-variable': 'No variable or constant has this name here',
  'unknown-map': 'No map has this name',
  'unknown-struct': 'No struct has this name',
  'unknown-field': 'The struct or context has no such field',
  'duplicate-name': 'Two definitions have one name',
  'reserved-name': 'A built-in form or helper cannot be redefined',
  'bad-name': 'The name cannot be a C identifier',
  // shapes
  'bad-syntax': 'A form does not have the shape it needs',
  'wrong-argument-count': 'A form or function got too few or too many arguments',
  'unknown-option': 'A keyword option that the form does not take',
  'bad-option': 'A keyword option has a value that is not allowed',
  'missing-option': 'A keyword option that the form needs is absent',
  // compile-time language
  'macro-error': 'A macro signalled an error while expanding',
  'macro-limit': 'A macro did not end within the step limit',
  'bad-argument-type': 'A compile-time function got a value of the wrong type',
  unsupported: 'A construct that this version does not compile',
  'evaluation-error': 'A .bpf.ts module threw while it ran at build time',
  'evaluation-limit': 'A .bpf.ts module did not end within the time limit',
  // types and values
  'not-constant': 'A value must be known at compile time',
  'bad-type': 'Not a type name, or a type that is not allowed here',
  'division-by-zero': 'Division by a constant zero',
  'shift-out-of-range': 'A constant shift outside 0..63',
  'index-out-of-range': 'A constant index outside the array',
  'size-mismatch': 'A value has another size than the map or field',
  'constant-assigned': 'A constant cannot be assigned',
  'wrong-map-kind': 'The operation does not exist for this kind of map',
  'bad-map': 'A map declaration that the kernel would refuse',
  'read-only-field': 'The context field cannot be written by this program type',
  'unknown-program-type': 'No program type or section has this name',
  'helper-not-allowed': 'The program type may not call this helper',
  'gpl-only-helper': 'The helper needs a GPL-compatible licence',
  'ringbuf-leak': 'A reserved record is neither submitted nor discarded on some path',
  'pointer-misuse': 'A pointer used in a way that the verifier refuses',
  'unchecked-null': 'A pointer that may be null is used without a test',
  // TypeScript
  narrowing: 'A value is wider than the place that it goes to',
  'mixed-signedness': 'Signed and unsigned numbers meet without a cast',
  'wrong-kind': 'A value is of another kind than the construct needs',
  'not-compilable': 'A captured value has no meaning in a BPF program',
  'captured-variable': 'A kernel function captures a variable that is assigned elsewhere',
  'stale-view': 'A view of the packet is used after a helper that may have moved the packet',
  'no-program': 'The file defines no program and no map',
  'no-kernel-types': 'Kernel types or tracepoints are named, but there is no description of them',
  // limits
  'stack-overflow': 'The stack frame is larger than 512 bytes',
  'endless-loop': 'Nothing ends this loop',
  'recursive-call': 'A function calls itself, directly or through others',
  'program-too-large': 'A jump or program exceeds what an instruction can encode',
  // objects
  'bad-object': 'The ELF object is truncated, corrupt or of a kind that is not supported',
} as const satisfies Record<string, string>

export type DiagnosticCode = keyof typeof DIAGNOSTIC_CODES
