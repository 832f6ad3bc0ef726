/** Entry `@unplugin-bpf/core/evaluate`: what transformed `.bpf.ts` modules and their evaluator call. Re-exports only. */
export type { Captured, CapturedFunction, EvaluatedModule } from '../dsl/capture.ts'
export { noteFunction, noteName } from '../dsl/origin.ts'
export { SnapshotError, snapshotModule, snapshotValue } from '../dsl/snapshot.ts'
