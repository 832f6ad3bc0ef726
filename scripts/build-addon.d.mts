/** Types of build-addon.mjs, for the test that compares its output. */
export const TARGETS: Readonly<Record<'x64' | 'arm64', string>>
export function missingTools(): string | undefined
export function prebuiltPath(arch: keyof typeof TARGETS): string
export function buildAddon(arch: keyof typeof TARGETS): Buffer
