/** Facts about the machine that do not change while the process runs. */
import { readFileSync } from 'node:fs'

let cpus: number | undefined

/** Possible CPUs, which is what per-CPU maps are made for; online ones may be fewer. */
export function possibleCpus(): number {
  cpus ??= countCpus(readFileSync('/sys/devices/system/cpu/possible', 'utf8'))
  return cpus
}

/** CPUs that run now; read every time, because CPUs come and go. */
export function onlineCpus(): number[] {
  return parseCpus(readFileSync('/sys/devices/system/cpu/online', 'utf8'))
}

/** `0-3,8` -> 5 */
export function countCpus(list: string): number {
  return parseCpus(list).length
}

/** `0-3,8` -> 0 1 2 3 8 */
function parseCpus(list: string): number[] {
  return list
    .trim()
    .split(',')
    .flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number)
      return Array.from({ length: last - first + 1 }, (_, i) => first + i)
    })
}

let page: number | undefined

/** 4 KiB on x64; arm64 kernels also have 16 and 64 KiB. */
export function pageSize(): number {
  page ??= readPageSize()
  return page
}

/** include/uapi/linux/auxvec.h */
const AT_PAGESZ = 6n

function readPageSize(): number {
  const bytes = readFileSync('/proc/self/auxv')
  for (let at = 0; at + 16 <= bytes.length; at += 16)
    if (bytes.readBigUInt64LE(at) === AT_PAGESZ) return Number(bytes.readBigUInt64LE(at + 8))
  throw new Error('/proc/self/auxv has no page size')
}
