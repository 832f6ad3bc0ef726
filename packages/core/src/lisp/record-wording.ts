/** Hints of the record check in the words of the language. */
import type { RecordWording } from '../forms/check-records.ts'

export const RECORD_WORDING: RecordWording = {
  release: (name) => `call \`(ringbuf-discard ${name} 0)\` or \`(ringbuf-submit ${name} 0)\` first`,
  twice: '`with-ringbuf` submits the record at its end; leave with `return` after a discard',
}
