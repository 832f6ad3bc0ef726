/** placeholder */
import type { Bag } from '../diag/diagnostic.ts'
import type { Form } from '../forms/node.ts'
export function checkRecords(_form: Form, _bag: Bag): void {}
