/** What to do about the verifier's usual complaints. The first pattern that the reason matches gives the hint. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /invalid access to packet/,
    'compare with the end of the packet before reading (data + size > data-end), and leave when it is too short',
  ],
  [
    /invalid mem access '(map_value|mem|ringbuf_mem|ptr|sock\w*|rdonly_mem|rdwr_mem)_or_null'/,
    'the pointer may be null here; test it before using it',
  ],
  [
    /R\d+ invalid mem access '(inv|scalar)'/,
    'a number is used as a pointer here; kernel memory is read with probe-read',
  ],
  [/invalid access to map value/, 'the offset may lie outside the map value; compare it with the size first'],
  [/invalid indirect read from stack|invalid read from stack/, 'bytes of the stack are read that were never written'],
  [
    /Unreleased reference/,
    'something acquired is not released on this path (a ring buffer record must be submitted or discarded)',
  ],
  [
    /infinite loop|back-edge|too complex|program is too large/,
    'the verifier cannot see that the loop ends soon; give it a constant bound',
  ],
  [/GPL-restricted/, 'the licence of the program must be compatible with the GPL'],
  [
    /unknown func|program of this type cannot use helper|helper call is not allowed/,
    'this kernel or program type does not have the helper',
  ],
  [/R0 !read_ok/, 'the program ends without a return value'],
  [/At program exit the register R0/, 'the return value is outside of what this program type may return'],
]

export function verifierHint(reason: string): string | undefined {
  return HINTS.find(([pattern]) => pattern.test(reason))?.[1]
}
