/**
 * The three spellings of one name: kernel (`map_lookup_elem`), Lisp (`map-lookup-elem`), TypeScript (`mapLookupElem`).
 * Tables hold the kernel spelling; the others are always derived here.
 */
export function toLispName(kernelName: string): string {
  return kernelName.toLowerCase().replaceAll('_', '-')
}

/** Also used for map and program keys in the generated module (`pkt_count` -> `pktCount`). */
export function toCamelName(kernelName: string): string {
  return kernelName.replace(/^_+/, '').replace(/[-_]+([a-zA-Z0-9])/g, (_, c: string) => c.toUpperCase())
}

/** `conn_event` -> `ConnEvent`. */
export function toPascalName(kernelName: string): string {
  const camel = toCamelName(kernelName)
  return camel.slice(0, 1).toUpperCase() + camel.slice(1)
}

/** A Lisp symbol name as C and BTF know it (`PKT-COUNT` -> `pkt_count`). Does not check that the result is legal. */
export function toKernelName(lispName: string): string {
  return lispName.toLowerCase().replaceAll('-', '_')
}

export function isIdentifier(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
}
