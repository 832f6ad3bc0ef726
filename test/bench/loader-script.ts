/** One round of our side in a process of its own; paths as JSON in, figures as JSON out. */
import { measureOurs } from './loader-ours.ts'

console.log(JSON.stringify(measureOurs(JSON.parse(process.argv[2]!))))
