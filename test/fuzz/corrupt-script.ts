/** `tsx --conditions=@unplugin-bpf/source test/fuzz/corrupt-script.ts [CASES [SEED]]`: 5,000 corrupt objects and BTF. */
import { corruptObjects } from './corrupt-objects.ts'

const [cases = '5000', seed = '1'] = process.argv.slice(2)
const { failures, ...counts } = corruptObjects(Number(seed), Number(cases))
for (const failure of failures.slice(0, 10)) console.error(`${failure}\n`)
console.log(JSON.stringify({ ...counts, failures: failures.length }))
process.exit(failures.length > 0 ? 1 : 0)
