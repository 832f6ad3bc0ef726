/** The plugin for esbuild: `import bpf from 'unplugin-bpf/esbuild'`. */
import { unplugin } from './factory.ts'

const esbuild = unplugin.esbuild
export default esbuild
// What `require('unplugin-bpf/esbuild')` gives.
export { esbuild as 'module.exports' }
