/** Maps whose values hang on a kernel object: `perTask.getOrCreate(bpf.getCurrentTaskBtf())`. */
import type { MapDef } from '../dsl/map-def.ts'
import type { MapDecl } from '../forms/module.ts'
import type { Form } from '../forms/node.ts'
import type { HelperName } from '../tables/helpers/index.ts'
import type { MapTypeName } from '../tables/map-types.ts'
import { i64 } from '../types/types.ts'
import type { Node } from './ast.ts'
import type { Cx } from './context.ts'
import { bind, constForm, failure, localForm, spanOf } from './context.ts'
import { describe } from './integers.ts'
import { kernelAddress } from './kernel.ts'
import { addressForm, bindRef, usable } from './memory.ts'
import type { Value } from './value.ts'
import { intValue } from './value.ts'

interface StorageRow {
  readonly get: HelperName
  readonly delete: HelperName
  readonly owner: string
}

const STORAGES: Readonly<Partial<Record<MapTypeName, StorageRow>>> = {
  sk_storage: { get: 'sk_storage_get', delete: 'sk_storage_delete', owner: 'a socket' },
  inode_storage: { get: 'inode_storage_get', delete: 'inode_storage_delete', owner: 'an inode' },
  task_storage: { get: 'task_storage_get', delete: 'task_storage_delete', owner: 'a task' },
  cgrp_storage: { get: 'cgrp_storage_get', delete: 'cgrp_storage_delete', owner: 'a cgroup' },
}
/** BPF_LOCAL_STORAGE_GET_F_CREATE, include/uapi/linux/bpf.h: without it a lookup finds only what is there. */
const CREATE = 1

interface StorageCall {
  readonly def: MapDef
  readonly map: MapDecl
  readonly name: string
}

export const isStorage = (type: MapTypeName): boolean => STORAGES[type] !== undefined

export function storageMethod(cx: Cx, node: Node, { def, map, name }: StorageCall, args: readonly Value[]): Value {
  const row = STORAGES[map.type]!
  const span = spanOf(cx, node)
  const known = name === 'get' || name === 'getOrCreate' || name === 'delete'
  const [owner] = args
  if (!known || args.length !== 1 || !owner) {
    const message = known ? `\`${name}\` got ${args.length} arguments` : `a ${map.type} map has no method \`${name}\``
    const hint = `it has get(owner), getOrCreate(owner) and delete(owner), where the owner is ${row.owner}`
    throw failure(cx, node, known ? 'wrong-argument-count' : 'wrong-map-kind', message, hint)
  }
  const mapRef: Form = { kind: 'mapRef', map, span }
  const address = ownerForm(cx, node, row, owner)
  if (name === 'delete') {
    const form: Form = { kind: 'call', helper: row.delete, args: [mapRef, address], span }
    return intValue(localForm(bind(cx, span, { name: 'result', init: form, type: i64 }), span), i64)
  }
  const flags = constForm(name === 'get' ? 0 : CREATE, span)
  const form: Form = { kind: 'call', helper: row.get, args: [mapRef, address, constForm(0, span), flags], span }
  return bindRef(cx, node, form, { type: def.value!, space: 'mapValue', nullable: true, name: map.name })
}

function ownerForm(cx: Cx, node: Node, row: StorageRow, owner: Value): Form {
  if (owner.kind === 'kernel') return kernelAddress(cx, node, owner)
  if (owner.kind === 'ref' && owner.space === 'btf') return addressForm(usable(cx, node, owner))
  throw failure(
    cx,
    node,
    'wrong-kind',
    `the owner is ${row.owner} that the verifier knows, got ${describe(owner)}`,
    'for example `bpf.getCurrentTaskBtf()`, `ctx.sk`, or an argument of a typed hook',
  )
}
