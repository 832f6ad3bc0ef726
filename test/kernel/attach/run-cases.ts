/**
 * Runs in namespaces of its own (`unshare --net --mount`) or in the guest: every case is attached, happens, is detached
 * and happens again. Prints one JSON line with what was counted. Arguments: names of cases; all by default.
 */
import { release } from 'node:os'
import { type KernelObject, loadKernelObject } from '@unplugin-bpf/loader'
import { counter, mapSpec } from '../loader/asm.ts'
import { type AttachCase, CASES } from './cases.ts'
import { createSurroundings, Missing, type Surroundings } from './surroundings.ts'

export interface CaseReport {
  readonly name: string
  readonly link?: string
  readonly counted?: number
  /** Runs after the attachment was ended. */
  readonly after?: number
  /** Kernel's name of the link type, when it is a link. */
  readonly type?: string | undefined
  readonly error?: string
  /** What the machine lacks for this case. */
  readonly missing?: string
}

export interface CasesReport {
  readonly kernel: string
  readonly cases: readonly CaseReport[]
}

function load({ program, verdict }: AttachCase): KernelObject {
  const base = counter()
  const [spec] = base.programs
  const insns = spec!.insns.map((insn) => (insn.opcode === 0xb7 && insn.dst === 0 ? { ...insn, imm: verdict } : insn))
  const bare = { ...spec!, attachType: undefined, attachTarget: undefined }
  const sockets = mapSpec('sockets', 'sockmap', { valueSize: 4 })
  return loadKernelObject({ ...base, maps: [...base.maps, sockets], programs: [{ ...bare, insns, ...program }] })
}

const countOf = (object: KernelObject) =>
  Number(new DataView(object.maps.get('counts')!.lookup(new Uint8Array(4))!.slice().buffer).getBigUint64(0, true))

async function runCase(test: AttachCase, around: Surroundings): Promise<CaseReport> {
  const { name } = test
  try {
    using object = load(test)
    const link = object.programs.get('counter')!.attach(test.options?.(around, object) ?? {})
    const type = link.info()?.type
    await test.happen(around, link, object)
    const counted = countOf(object)
    link.detach()
    const before = countOf(object)
    await test.happen(around, link, object)
    return { name, link: link.kind, type, counted, after: countOf(object) - before }
  } catch (error) {
    return { name, [error instanceof Missing ? 'missing' : 'error']: (error as Error).message }
  }
}

const wanted = process.argv.slice(2)
const cases: CaseReport[] = []
{
  using around = await createSurroundings()
  for (const test of CASES)
    if (wanted.length === 0 || wanted.includes(test.name)) cases.push(await runCase(test, around))
}
console.log(JSON.stringify({ kernel: release(), cases } satisfies CasesReport))
