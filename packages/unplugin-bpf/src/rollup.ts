/** The plugin for Rollup: `import bpf from 'unplugin-bpf/rollup'`. */
import { unplugin } from './factory.ts'

const rollup = unplugin.rollup
export default rollup
// What `require('unplugin-bpf/rollup')` gives.
export { rollup as 'module.exports' }
