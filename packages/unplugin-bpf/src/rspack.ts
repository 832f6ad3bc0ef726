/** The plugin for Rspack: `import bpf from 'unplugin-bpf/rspack'`. */
import { unplugin } from './factory.ts'

const rspack = unplugin.rspack
export default rspack
// What `require('unplugin-bpf/rspack')` gives.
export { rspack as 'module.exports' }
