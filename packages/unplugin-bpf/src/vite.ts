/** The plugin for Vite (and Vitest): `import bpf from 'unplugin-bpf/vite'`. */
import { unplugin } from './factory.ts'

const vite = unplugin.vite
export default vite
// What `require('unplugin-bpf/vite')` gives.
export { vite as 'module.exports' }
