/**
 * Asks the running kernel which helper each program type may call: loads `call N; r0 = 0; exit` and reads the
 * verifier's answer, which names a forbidden helper before it looks at arguments. A second load without a GPL licence
 * tells which helpers need one. (`bpftool feature probe` 7.1 does not know the messages of 6.18 and calls all allowed.)
 */
import { call, exit, mov64Imm } from '../../packages/core/src/bpf/build.ts'
import { encodeInsns } from '../../packages/core/src/bpf/encode.ts'
import { ATTACH_TYPE_IDS } from '../../packages/core/src/tables/generated/enums.ts'
import { PROGRAM_TYPES, type ProgramTypeName, programTypeRow } from '../../packages/core/src/tables/program-types.ts'
import { ATTR } from '../../packages/loader/src/sys/attr.ts'
import { bpf } from '../../packages/loader/src/sys/bpf.ts'
import { closeFd } from '../../packages/loader/src/sys/syscall.ts'
import type { InputHelpers } from './kernel-input.ts'

/** Answers depend on an attach target that has a BTF id, or the kernel here does not have the type. */
const NOT_ASKED: readonly string[] = ['tracing', 'lsm', 'ext', 'struct_ops', 'lirc_mode2']
const BPF_F_SLEEPABLE = 16

interface User {
  readonly key: string
  readonly type: number
  readonly attachType: number
  readonly flags: number
}

export function extractHelpers(ids: Readonly<Record<string, number>>): Record<string, InputHelpers> {
  const helpers = Object.entries(ids)
    .filter(([name]) => name.startsWith('BPF_FUNC_') && !name.endsWith('unspec'))
    .map(([name, id]) => ({ name: name.slice('BPF_FUNC_'.length), id }))
  return Object.fromEntries(users().map((user) => [user.key, ask(user, helpers)]))
}

/** Every program type, with every attach type of its sections. */
function users(): User[] {
  const byKey = new Map<string, User>()
  for (const name of Object.keys(PROGRAM_TYPES) as ProgramTypeName[]) {
    if (NOT_ASKED.includes(name)) continue
    const row = programTypeRow(name)
    for (const { attachType, sleepable } of row.sections) {
      const key = attachType === undefined ? name : `${name}:${attachType}`
      // Sleepable variants may call a little more; only a type that always sleeps is asked so.
      const flags = row.sections.every((s) => s.sleepable) ? BPF_F_SLEEPABLE : 0
      if (sleepable && flags === 0) continue
      byKey.set(key, {
        key,
        type: row.id,
        attachType: attachType === undefined ? 0 : ATTACH_TYPE_IDS[attachType],
        flags,
      })
    }
  }
  return [...byKey.values()]
}

function ask(user: User, helpers: readonly { readonly name: string; readonly id: number }[]): InputHelpers {
  const free: string[] = []
  const gpl: string[] = []
  for (const { name, id } of helpers) {
    if (answer(user, id, 'GPL') === 'forbidden') continue
    ;(answer(user, id, 'MIT') === 'needs GPL' ? gpl : free).push(name)
  }
  return { free, gpl }
}

function answer(user: User, helper: number, license: string): 'allowed' | 'forbidden' | 'needs GPL' {
  const log = new Uint8Array(4096)
  const insns = encodeInsns([call(helper), mov64Imm(0, 0), exit()])
  const result = bpf(ATTR.progLoad, {
    prog_type: user.type,
    expected_attach_type: user.attachType,
    prog_flags: user.flags,
    insn_cnt: insns.length / 8,
    insns,
    license: new TextEncoder().encode(`${license}\0`),
    log_level: 1,
    log_size: log.length,
    log_buf: log,
  })
  if (result >= 0) closeFd(result)
  const text = new TextDecoder().decode(log.subarray(0, log.indexOf(0)))
  if (result < 0 && text === '') throw new Error(`${user.key}: the kernel refuses the program type (errno ${-result})`)
  if (/cannot use helper|unknown func|invalid func/.test(text)) return 'forbidden'
  return text.includes('GPL-restricted') ? 'needs GPL' : 'allowed'
}
