/** Packets of the `run` command: hex on the command line, packets of capture files. */
import { readFileSync } from 'node:fs'
import { type CapturedPacket, PcapError, readPcap } from '@unplugin-bpf/core/packets'
import { displayName } from '../compile-file.ts'
import { Refused } from './refused.ts'

export function readPackets(hex: readonly string[], files: readonly string[]): CapturedPacket[] {
  return [...hex.map((text) => ({ bytes: hexBytes(text) })), ...files.flatMap(readCapture)]
}

/** Spaces, colons and a leading 0x do not matter. */
function hexBytes(text: string): Uint8Array {
  const digits = text.replace(/^0x/i, '').replaceAll(/[\s:]/g, '')
  const wrong = /[^0-9a-f]/i.exec(digits)
  if (wrong) throw new Refused(`error: --packet: ${JSON.stringify(wrong[0])} is no hexadecimal digit`)
  if (digits.length === 0 || digits.length % 2 !== 0) {
    throw new Refused(`error: --packet: ${digits.length} hexadecimal digits, an even number was expected`)
  }
  return Uint8Array.from(digits.match(/../g)!, (pair) => Number.parseInt(pair, 16))
}

function readCapture(path: string): CapturedPacket[] {
  try {
    return readPcap(new Uint8Array(readFileSync(path)))
  } catch (error) {
    if (error instanceof PcapError) throw new Refused(`error: ${displayName(path)}: ${error.message}`)
    const { code, message } = error as NodeJS.ErrnoException
    throw new Refused(`error: cannot read ${displayName(path)}: ${code === 'ENOENT' ? 'no such file' : message}`)
  }
}
