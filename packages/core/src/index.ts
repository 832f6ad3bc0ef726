export { Bag, CompileError, type Diagnostic } from './diag/diagnostic.ts'
