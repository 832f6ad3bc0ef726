/**
 * Helper rows against the verifier: a call that is built from nothing but the row must be accepted in every program
 * type that the availability table names, a null pointer or zero size exactly where the row allows it, and packet
 * pointers must be dead afterwards exactly when the row says so.
 */

import { release } from 'node:os'
import { kernelUsable } from '@unplugin-bpf/loader'
import { afterAll, describe, expect, it } from 'vitest'
import * as build from '../../../packages/core/src/bpf/build.ts'
import type { Insn } from '../../../packages/core/src/bpf/insn.ts'
import { contextField } from '../../../packages/core/src/tables/contexts.ts'
import { helperAllowed } from '../../../packages/core/src/tables/helpers/availability.ts'
import { HELPER_NAMES, type HelperName, helperRow } from '../../../packages/core/src/tables/helpers/index.ts'
import type { ArgKind } from '../../../packages/core/src/tables/kinds.ts'
import { programTypeRow } from '../../../packages/core/src/tables/program-types.ts'
import { bareMap, closeMaps, type LoadUser, verify } from '../../support/kernel-load.ts'
import { USERS } from './users.ts'

const usable = kernelUsable()
const known = release().startsWith('6.18.')
const skip = usable.ok ? (known ? undefined : 'the tables are those of Linux 6.18') : usable.reason
const title = (text: string) => (skip === undefined ? text : `${text} (skipped: ${skip})`)

/** Helpers whose arguments cannot be made out of nothing, or whose result must be released. */
function simple(helper: HelperName): boolean {
  const { args, ret, effects, sleepable } = helperRow(helper)
  if (sleepable || ret.kind === 'recordOrNull') return false
  if (ret.kind === 'ptr' && ret.nullable && effects.observable) return false
  return args.every((arg) => arg.kind !== 'typed' && arg.kind !== 'record')
}

/** get_func_ip is offered to all tracing programs and then works only for kprobes. */
const EXCEPTIONS: readonly string[] = ['get_func_ip']

const candidates = USERS.map((user) => ({
  ...user,
  helpers: HELPER_NAMES.filter(
    (h) =>
      helperAllowed(user, h) === true &&
      simple(h) &&
      !EXCEPTIONS.includes(h) &&
      !helperRow(h).args.some((arg) => arg.kind === 'ctx' && arg.socketIn?.includes(user.type)),
  ),
}))

interface Variant {
  /** Index of an argument that is passed as 0 (with its size, for memory). */
  readonly zero?: number
  /** Read memory is taken from the packet instead of the stack. */
  readonly packet?: true
  /** After the call, the packet is read through a pointer from before. */
  readonly readAfter?: true
}

/** Registers: r6 context, r7 packet, with 128 bytes checked. */
function program(user: LoadUser, helper: HelperName, variant: Variant = {}): Insn[] {
  const row = helperRow(helper)
  const end = [build.mov64Imm(0, programTypeRow(user.type).passVerdict), build.exit()]
  return [
    build.mov64Reg(6, 1),
    ...Array.from({ length: 40 }, (_, i) => build.storeImm(64, 10, -8 * (i + 1), 0)),
    ...packetPointer(user, end),
    ...row.args.flatMap((arg, i) => argument(user, { arg, index: i, helper, variant })),
    build.call(helper),
    ...(variant.readAfter ? [build.load(8, 2, 7, 0)] : []),
    ...end,
  ]
}

function hasPacket(user: LoadUser): boolean {
  const { context, directPacketAccess } = programTypeRow(user.type)
  return directPacketAccess !== 'none' && context !== undefined && contextField(context, 'data') !== undefined
}

function packetPointer(user: LoadUser, end: readonly Insn[]): Insn[] {
  if (!hasPacket(user)) return []
  const context = programTypeRow(user.type).context!
  const data = contextField(context, 'data')!
  const dataEnd = contextField(context, 'data_end')!
  return [
    build.load(data.type.bits, 7, 6, data.offset),
    build.load(dataEnd.type.bits, 8, 6, dataEnd.offset),
    build.mov64Reg(9, 7),
    build.alu64Imm('add', 9, 128),
    build.jumpReg('ule', 9, 8, end.length),
    ...end,
  ]
}

interface ArgumentOf {
  readonly arg: ArgKind
  readonly index: number
  readonly helper: HelperName
  readonly variant: Variant
}

function argument(user: LoadUser, { arg, index, helper, variant }: ArgumentOf): Insn[] {
  const register = index + 1
  const zeroed = helperRow(helper).args[variant.zero ?? -1]
  const isSizeOfZeroed = zeroed?.kind === 'mem' && zeroed.size === index
  if (variant.zero === index || isSizeOfZeroed) return [build.mov64Imm(register, 0)]
  const stack = [build.mov64Reg(register, 10), build.alu64Imm('add', register, -64 * register)]
  switch (arg.kind) {
    case 'ctx':
      return [build.mov64Reg(register, 6)]
    case 'map':
      // A prog array belongs to the first program type that uses it.
      return [
        build.ldMapFd(register, bareMap(arg.types?.[0] ?? 'hash', arg.types ? `${user.type} ${user.attachType}` : '')),
      ]
    case 'mapKey':
    case 'mapValue':
      return variant.packet ? [build.mov64Reg(register, 7)] : stack
    case 'mem':
      return variant.packet && arg.access === 'read' ? [build.mov64Reg(register, 7)] : stack
    case 'size':
      return [build.mov64Imm(register, 24)]
    default:
      return [build.mov64Imm(register, 0)]
  }
}

const takesMemory = (arg: ArgKind) =>
  (arg.kind === 'mem' && arg.access === 'read') || arg.kind === 'mapKey' || arg.kind === 'mapValue'

/** Whether the row lets argument `index` be 0. */
function mayBeZero(helper: HelperName, index: number): boolean {
  const arg = helperRow(helper).args[index]!
  if (arg.kind === 'mem') return arg.nullable === true
  if (arg.kind === 'size') return arg.zero === true
  return arg.kind === 'ctx' && (arg.nullable === true || (helperRow(helper).minArgs ?? 5) <= index)
}

function zeroCases(helper: HelperName): number[] {
  return helperRow(helper).args.flatMap((arg, i) => (['mem', 'size'].includes(arg.kind) ? [i] : []))
}

describe.skipIf(skip !== undefined)(title('the verifier agrees with the helper table'), () => {
  afterAll(closeMaps)

  it.each(candidates)('$type $attachType: calls made from the rows are accepted', (user) => {
    const refused = user.helpers.flatMap((helper) => {
      const { accepted, reason } = verify(user, program(user, helper))
      return accepted ? [] : [`${helper}: ${reason}`]
    })
    expect(refused).toEqual([])
  })

  // One user of each program type is enough for what follows: the rows do not depend on the attach type.
  const perType = candidates.filter((c, i) => candidates.findIndex((other) => other.type === c.type) === i)

  it.each(perType)('$type: null pointers and zero sizes', (user) => {
    const wrong = user.helpers.flatMap((helper) =>
      zeroCases(helper).flatMap((zero) => {
        const { accepted, reason } = verify(user, program(user, helper, { zero }))
        return accepted === mayBeZero(helper, zero) ? [] : [`${helper} argument ${zero}: ${reason}`]
      }),
    )
    expect(wrong).toEqual([])
  })

  const withPacket = perType.filter(hasPacket)

  it.each(withPacket)('$type: packet pointers after a call', (user) => {
    const wrong = user.helpers.filter((helper) => {
      const { accepted } = verify(user, program(user, helper, { readAfter: true }))
      return accepted === helperRow(helper).effects.invalidatesPacket
    })
    expect(wrong).toEqual([])
  })

  it.each(withPacket)('$type: packet pointers as arguments', (user) => {
    const wrong = user.helpers
      .filter((helper) => helperRow(helper).args.some(takesMemory))
      .filter((helper) => {
        const { accepted } = verify(user, program(user, helper, { packet: true }))
        return accepted !== (helperRow(helper).packetArgs === true)
      })
    expect(wrong).toEqual([])
  })
})
