/** Documents that are not part of the repository: tests that read them are skipped, visibly, where they are missing. */
import { join } from 'node:path'

const shared = process.env.UNPLUGIN_BPF_SHARED ?? join(import.meta.dirname, '..', '..', '..', 'shared')

/** Folder of the language book and the rulings on it. */
export const SPEC = join(shared, 'spec')
