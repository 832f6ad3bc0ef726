/** `node cgroup-counter.js DIRECTORY`: counts what the processes of a cgroup send. */
import counter from './cgroup-counter.bpf.lisp'
import { runUntilStopped } from './run-until-stopped.ts'

const cgroup = process.argv[2]
if (cgroup === undefined) throw new TypeError('which cgroup? Give its directory, such as /sys/fs/cgroup/user.slice')

using obj = counter.load()
using _link = obj.programs.countEgress.attach({ cgroup })
const show = () => console.log(`packets: ${obj.maps.pktCount.get(0)}`)
await runUntilStopped(show)
show()
