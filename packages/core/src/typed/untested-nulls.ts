/**
 * Warns about pointers that may be null and that no test ever looks at before they are used: the kernel refuses such a
 * program ("R1 invalid mem access 'map_value_or_null'"). Only certain cases are reported: a pointer used right where it
 * is made, or a local that is tested nowhere in the program.
 */
import type { Form, Local } from '../forms/node.ts'
import type { CheckContext } from './check-context.ts'

export function warnUntestedNulls(cx: CheckContext): void {
  const tested = testedLocals(cx)
  for (const form of cx.typing.forms.keys()) {
    for (const ptr of dereferenced(form)) {
      if (!cx.pointer(ptr)?.nullable) continue
      if (ptr.kind === 'local' && tested.has(ptr.local)) continue
      if (ptr.kind !== 'local' && ptr.kind !== 'mapLookup' && ptr.kind !== 'mapGet' && ptr.kind !== 'call') continue
      const what = ptr.kind === 'local' ? `\`${ptr.local.name}\`` : 'this pointer'
      cx.warn(
        ptr,
        'unchecked-null',
        `${what} may be null and is never tested; the kernel will refuse the program`,
        'bind it with when-let or if-let',
      )
    }
  }
}

function dereferenced(form: Form): readonly Form[] {
  switch (form.kind) {
    case 'load':
    case 'store':
    case 'atomic':
    case 'memset':
      return [form.ptr]
    case 'memcpy':
      return [form.dst, form.src]
    case 'binary':
      // "pointer arithmetic on map_value_or_null prohibited, null-check it first"
      return form.op === 'add' || form.op === 'sub' ? [form.left, form.right] : []
    case 'mapLookup':
    case 'mapGet':
    case 'mapUpdate':
    case 'mapDelete':
    case 'mapAdd':
      return form.via ? [form.via] : []
    default:
      return []
  }
}

/** Locals that decide some branch, alone or inside and, or, not, a comparison, or as a bound copy. */
function testedLocals(cx: CheckContext): Set<Local> {
  const tested = new Set<Local>()
  const test = (form: Form): void => {
    if (form.kind === 'local') tested.add(form.local)
    else if (form.kind === 'set') tested.add(form.local)
    else if (form.kind === 'seq') form.forms.slice(-1).forEach(test)
    else if (form.kind === 'let') test(form.body)
  }
  for (const form of cx.typing.forms.keys()) {
    switch (form.kind) {
      case 'if':
        test(form.test)
        break
      case 'not':
        test(form.value)
        break
      case 'and':
      case 'or':
        form.forms.forEach(test)
        break
      case 'compare':
        test(form.left)
        test(form.right)
        break
    }
  }
  return tested
}
