/**
 * Warns when an object that owns file descriptors is collected without having been closed. The descriptors stay open:
 * closing them from a finalizer could hit a number that has been reused.
 */
const registry = new FinalizationRegistry<string>((what) => {
  process.emitWarning(`${what} was garbage-collected without close(); its file descriptors stay open until exit`, {
    type: 'UnpluginBpfWarning',
    code: 'UNPLUGIN_BPF_LEAK',
  })
})

export function guardLeak(owner: object, what: string): void {
  registry.register(owner, what, owner)
}

export function unguardLeak(owner: object): void {
  registry.unregister(owner)
}
