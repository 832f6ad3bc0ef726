/** The format language of bpf_trace_printk (bpf_bprintf_prepare, kernel/bpf/helpers.c 6.18): %d %i %u %x %X %o %c %s %p, l, ll. */

/** undefined for a conversion that the kernel refuses, or when arguments are missing. */
export function formatPrintk(
  format: string,
  args: readonly bigint[],
  readString: (address: bigint) => string,
): string | undefined {
  let next = 0
  let failed = false
  const text = format.replace(/%%|%([-+ #0]*)(\d*)(ll|l|hh|h|z)?([a-zA-Z])/g, (whole, flags, width, length, kind) => {
    if (whole === '%%') return '%'
    const argument = args[next++]
    const body = argument === undefined ? undefined : convert(kind, argument, length ?? '', readString)
    if (body === undefined) {
      failed = true
      return ''
    }
    return pad(flags.includes('#') && /[xX]/.test(kind) ? `0x${body}` : body, Number(width || 0), flags)
  })
  return failed ? undefined : text
}

function convert(
  kind: string,
  argument: bigint,
  length: string,
  readString: (address: bigint) => string,
): string | undefined {
  const bits = length === 'l' || length === 'll' || length === 'z' ? 64 : length === 'h' ? 16 : length === 'hh' ? 8 : 32
  const unsigned = BigInt.asUintN(bits, argument)
  switch (kind) {
    case 'd':
    case 'i':
      return String(BigInt.asIntN(bits, argument))
    case 'u':
      return String(unsigned)
    case 'x':
      return unsigned.toString(16)
    case 'X':
      return unsigned.toString(16).toUpperCase()
    case 'o':
      return unsigned.toString(8)
    case 'c':
      return String.fromCharCode(Number(argument & 0xffn))
    case 's':
      return readString(argument)
    case 'p':
      return argument.toString(16).padStart(16, '0')
    default:
      return undefined
  }
}

function pad(text: string, width: number, flags: string): string {
  if (flags.includes('-')) return text.padEnd(width)
  if (!flags.includes('0')) return text.padStart(width)
  const sign = text.startsWith('-') ? '-' : ''
  return sign + text.slice(sign.length).padStart(width - sign.length, '0')
}
