/** User names to the kernel's spelling. */

/** `onExec` -> `on_exec`, `drop443` -> `drop443`, `HTTPPort` -> `http_port`; `$` becomes `_`. */
export function toSnakeName(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9_]/g, '_')
    .toLowerCase()
}
