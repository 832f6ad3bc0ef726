/** The firewall of the cookbook, tested without a kernel: `npm test -w playground`. */
import { arp, htons, ip, simulate, tcp, udp } from 'unplugin-bpf/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import 'unplugin-bpf/testing/vitest'
import firewall from '../cookbook/firewall.bpf.lisp'

const start = () => simulate(firewall, { constants: { enforce: 1, httpProxyPort: 8080, proxyPid: 42 } })
let vm = start()
beforeEach(() => {
  vm = start()
})

const ALLOWED = 0x0a000005 // 10.0.0.5
const web = (options = {}) => tcp({ src: '10.1.1.1', dst: '10.0.0.5', dport: 443, flags: 'S', ...options })

describe('egress', () => {
  it('drops packets to unknown addresses, and says so', () => {
    const run = vm.programs.egress.run(web())
    expect(run).toDrop()
    expect(run).toEmit('events', { ip: ALLOWED, port: 443, allowed: 0 })
    expect(run).toMatchInlineSnapshot(`
      retval   0
      packet   10.1.1.1:40000 > 10.0.0.5:443 TCP S seq 1 win 65535, 0 bytes
      event    events { pid: 0, port: 443, allowed: 0, pad0: 0, ip: 167772165, originalIp: 0, eventType: 4, pad1: 0, dnsTxid: 0, pidResolved: 0, redirected: 0, pad2: 0 }
    `)
  })

  it('lets packets to allowed addresses pass', () => {
    vm.seed({ allowedIps: [[ALLOWED, 1]] })
    expect(vm.programs.egress.run(web())).toPass()
  })

  it('lets packets to allowed networks pass', () => {
    vm.seed({ allowedNetworks: [[{ prefixLength: 24, address: Uint8Array.of(10, 0, 0, 0) }, 1]] })
    expect(vm.programs.egress.run(web())).toPass()
    expect(vm.programs.egress.run(web({ dst: '10.0.1.5' }))).toDrop()
  })

  it('reports only the first packet of an allowed connection', () => {
    vm.seed({ allowedIps: [[ALLOWED, 1]] })
    expect(vm.programs.egress.run(web())).toEmit('events')
    expect(vm.programs.egress.run(web({ flags: 'A' }))).not.toEmit('events')
  })

  it('reports DNS queries with their id', () => {
    const query = udp({ dst: '127.0.0.1', dport: 53, payload: Uint8Array.of(0x12, 0x34) })
    const run = vm.programs.egress.run(query)
    expect(run).toPass()
    expect(run).toEmit('events', { eventType: firewall.constants.PACKET_DNS, dnsTxid: 0x1234 })
  })

  it('drops IPv6', () => {
    const run = vm.programs.egress.run(tcp({ src: 'fd00::1', dst: 'fd00::2' }))
    expect(run).toDrop()
    expect(run).toEmit('events', { eventType: firewall.constants.PACKET_IPV6 })
  })

  it('reports, but passes, when it does not enforce', () => {
    vm = simulate(firewall, { constants: { enforce: 0 } })
    const run = vm.programs.egress.run(web())
    expect(run).toPass()
    expect(run).toEmit('events', { allowed: 0 })
  })

  it('works on when the ring buffer is full', () => {
    const fault = vm.faults.ringFull('events')
    const run = vm.programs.egress.run(web())
    expect(run).toDrop()
    expect(run).not.toEmit('events')
    expect(fault.hits).toBe(1)
  })

  it('drops what it cannot read', () => {
    vm.faults.helper('skb_load_bytes', { error: 'EFAULT', call: 1 })
    expect(vm.programs.egress.run(web())).toDrop()
    expect(vm.programs.egress.run(arp())).toDrop()
    expect(vm.programs.egress.run(ip({ dst: '10.0.0.9', protocol: 47 }))).toDrop()
  })
})

describe('connect4', () => {
  const connect = { user_ip4: '93.184.216.34', user_port: htons(80), protocol: 6 }

  it('sends HTTP to the proxy and remembers where it was meant to go', () => {
    const run = vm.programs.connect4.run(connect, { task: { tgid: 7 } })
    expect(run.context).toMatchObject({ user_ip4: 0x0100007f, user_port: htons(8080) })
    expect(run).toEmit('events', { pid: 7, originalIp: 0x5db8d822, redirected: 1 })
    expect(vm.maps.sockClientToOriginalPort.get(1n)).toBe(80)
  })

  it('leaves the proxy itself alone', () => {
    const run = vm.programs.connect4.run(connect, { task: { tgid: 42 } })
    expect(run).not.toEmit('events')
    expect(run.context?.user_port).toBe(htons(80))
  })

  it('lets egress name the process', () => {
    vm.programs.connect4.run(connect, { task: { tgid: 7 }, socketCookie: 99n })
    expect(vm.programs.egress.run(web(), { socketCookie: 99n })).toEmit('events', { pid: 7, pidResolved: 1 })
    expect(vm.programs.egress.run(web(), { socketCookie: 98n })).toEmit('events', { pid: 0, pidResolved: 0 })
  })
})

it('sockops notes the port of a connection', () => {
  const TCP_CONNECT_CB = 3
  vm.programs.sockops.run({ op: TCP_CONNECT_CB, local_port: 40000 }, { socketCookie: 5n })
  expect(vm.snapshot()).toMatchInlineSnapshot(`
    allowedIps: empty
    allowedNetworks: empty
    socketPid: empty
    sockClientToOriginalIp: empty
    sockClientToOriginalPort: empty
    srcPortToSockClient:
      40000 => 5n
  `)
})
