/** Output files that are there as a whole or not at all. */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { displayName } from '../compile-file.ts'
import { Refused } from './refused.ts'

export interface OutputFile {
  readonly path: string
  readonly content: string | Uint8Array
}

/** All are written beside their places first, so that a full disk or a missing folder leaves nothing behind. */
export function writeWhole(files: readonly OutputFile[]): void {
  const temporary = (file: OutputFile): string => `${file.path}.${process.pid}.tmp`
  let current = files[0]
  try {
    for (const file of files) {
      current = file
      writeFileSync(temporary(file), file.content)
    }
    for (const file of files) {
      current = file
      renameSync(temporary(file), file.path)
    }
  } catch (error) {
    for (const file of files) removeIfThere(temporary(file))
    throw new Refused(`error: cannot write ${displayName(current?.path ?? '')}: ${reasonOf(error)}`)
  }
}

/** `force` forgives a missing file, but not a path through something that is no folder. */
function removeIfThere(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // It was never written.
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'the folder does not exist',
    ENOTDIR: 'a part of the path is a file',
    EISDIR: 'it is a folder',
    EACCES: 'permission denied',
    EROFS: 'the file system is read-only',
    ENOSPC: 'no space is left',
  }
  return words[code ?? ''] ?? message
}
