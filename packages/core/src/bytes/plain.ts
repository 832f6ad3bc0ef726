/**
 * Node's Buffer is a Uint8Array whose `slice` shares memory instead of copying. Bytes that come from outside pass
 * through here once, so that everything behind may rely on the standard methods.
 */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return Object.getPrototypeOf(bytes) === Uint8Array.prototype
    ? bytes
    : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
