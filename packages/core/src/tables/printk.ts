/**
 * The format language of bpf_trace_printk and its relatives (bpf_bprintf_prepare, kernel/bpf/helpers.c, 6.18):
 *
 *   %[0 +-][width][l|ll]d i u x X   %c   %s %pks %pus (strings)   %p %px %pK (addresses)   %pB %ps %pS (symbols)
 *   %pi4 %pI4 %pi6 %pI6 (addresses of IP addresses)   %%
 *
 *   in:  a format
 *   out: what each argument must be, or the place of what the kernel refuses
 */

export type PrintkArgument = 'number' | 'address'

export type PrintkFormat =
  | { readonly arguments: readonly PrintkArgument[] }
  /** `problem` is a conversion as written. */
  | { readonly problem: string }

/** MAX_BPRINTF_VARARGS, include/linux/bpf.h. */
export const MAX_PRINTK_ARGUMENTS = 12

const CONVERSION =
  /%%|%[0 +-]?\d*(?:(?<number>(?:ll|l)?[diuxX]|c)|(?<address>s|p(?:ks|us|[KxsSB]|[iI][46]|(?![A-Za-z0-9]))))|(?<problem>%.?.?)/g

export function parsePrintk(format: string): PrintkFormat {
  const found: PrintkArgument[] = []
  for (const { groups } of format.matchAll(CONVERSION)) {
    if (groups?.problem) return { problem: groups.problem }
    if (groups?.number) found.push('number')
    else if (groups?.address) found.push('address')
  }
  return { arguments: found }
}
