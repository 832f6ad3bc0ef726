/** Type checks only: the entries that need vitest and fast-check, whose own declarations are not ours to check. */
import fc from 'fast-check'
import { simulate, tcp } from 'unplugin-bpf/testing'
import 'unplugin-bpf/testing/vitest'
import coverage from 'unplugin-bpf/testing/coverage-v8'
import { packet, tcpPacket } from 'unplugin-bpf/testing/fast-check'
import { expect } from 'vitest'
import counter from './count-xdp.bpf.lisp'

const vm = simulate(counter)
expect(vm.programs.countPackets.run(tcp())).toHaveVerdict('XDP_PASS')
expect(vm.programs.countPackets.run(tcp())).not.toDrop()
expect(tcp()).toMatchPacket({ ip: { ttl: 64 } })
fc.assert(fc.property(packet(), tcpPacket({ dport: 80 }), (a, b) => a.length + b.length > 0))
export const provider = coverage.getProvider

// @ts-expect-error layers are named as parsePacket names them
expect(tcp()).toMatchPacket({ ipp: {} })
