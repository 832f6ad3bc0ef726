/** The plugin for webpack: `import bpf from 'unplugin-bpf/webpack'`. */
import { unplugin } from './factory.ts'

const webpack = unplugin.webpack
export default webpack
// What `require('unplugin-bpf/webpack')` gives.
export { webpack as 'module.exports' }
