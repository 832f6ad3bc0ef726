/** Names like one that does not exist: other builds of the function first, then typing errors. */
import { nearName } from '@unplugin-bpf/core/runtime'

/** Suffixes of copies that compilers make of a function. */
const CLONE = /\.(isra|constprop|part|cold|llvm)\.\d+|\.cold$/

const MOST = 5

/** `vfs_open` -> `vfs_open.isra.0`, `vfs_opened`, ...; at most five. */
export function nearNames(wrong: string, names: Iterable<string>): string[] {
  const all = [...new Set(names)]
  const clones = all.filter((name) => name.startsWith(`${wrong}.`) && CLONE.test(name))
  const longer = wrong.length >= 4 ? all.filter((name) => name.includes(wrong) && !clones.includes(name)) : []
  const near = nearName(wrong, all)
  const found = [...clones, ...(near === undefined ? [] : [near]), ...longer.sort((a, b) => a.length - b.length)]
  return [...new Set(found)].slice(0, MOST)
}

/** `; similar: a, b`, or nothing. */
export function nearText(wrong: string, names: Iterable<string>): string {
  const found = nearNames(wrong, names)
  return found.length === 0 ? '' : `; similar: ${found.join(', ')}`
}
