/**
 * Outbound firewall for the processes of a cgroup; prints one line of JSON for each decision.
 *
 *   node firewall.js --cgroup DIR --allow 10.0.0.7 --allow 192.168.0.0/16
 *     --dns-proxy PORT --http-proxy PORT --https-proxy PORT   where connections to ports 53, 80, 443 go on 127.0.0.1
 *     --proxy-pid PID                                         the process of the proxies: it may connect anywhere
 *     --log-only                                              report, but drop nothing
 */
import { parseArgs } from 'node:util'
import { addressBytes, addressNumber, dotted } from './addresses.ts'
import firewall from './firewall.bpf.lisp'
import { runUntilStopped } from './run-until-stopped.ts'

const text = { type: 'string' } as const
const { values: options } = parseArgs({
  options: {
    cgroup: text,
    allow: { type: 'string', multiple: true, default: [] },
    'dns-proxy': text,
    'http-proxy': text,
    'https-proxy': text,
    'proxy-pid': text,
    'log-only': { type: 'boolean', default: false },
  },
})
const { cgroup } = options
if (cgroup === undefined) throw new TypeError('which cgroup? Give its directory with --cgroup')

using obj = firewall.load({
  constants: {
    enforce: options['log-only'] ? 0 : 1,
    dnsProxyPort: Number(options['dns-proxy'] ?? 0),
    httpProxyPort: Number(options['http-proxy'] ?? 0),
    httpsProxyPort: Number(options['https-proxy'] ?? 0),
    proxyPid: Number(options['proxy-pid'] ?? 0),
  },
})
const { allowedIps, allowedNetworks, events } = obj.maps
for (const target of options.allow) {
  const [address = '', bits] = target.split('/')
  if (bits === undefined) allowedIps.set(addressNumber(address), 1)
  else allowedNetworks.set({ prefixLength: Number(bits), address: addressBytes(address) }, 1)
}

const EVENT_NAMES = new Map<number, string>(
  (['DNS_REDIRECT', 'HTTP_REDIRECT', 'HTTPS_REDIRECT', 'PACKET_IPV4', 'PACKET_DNS', 'PACKET_IPV6'] as const).map(
    (name) => [firewall.constants[name], name.toLowerCase().replaceAll('_', '-')],
  ),
)
events.on(({ eventType, pid, ip, port, originalIp, allowed, redirected, dnsTxid }) => {
  const event = EVENT_NAMES.get(eventType)
  const original = redirected ? dotted(originalIp, 'host') : undefined
  console.log(JSON.stringify({ event, pid, ip: dotted(ip, 'host'), port, original, allowed: allowed === 1, dnsTxid }))
})

const { connect4, sockops, egress } = obj.programs
const links = [connect4, sockops, egress].map((program) => program.attach({ cgroup }))
await runUntilStopped()
for (const link of links) link.detach()
