/** The plugin for Rolldown: `import bpf from 'unplugin-bpf/rolldown'`. */
import { unplugin } from './factory.ts'

const rolldown = unplugin.rolldown
export default rolldown
// What `require('unplugin-bpf/rolldown')` gives.
export { rolldown as 'module.exports' }
