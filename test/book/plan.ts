/** What becomes of every Lisp block of the book. */
import { COOKBOOK } from './plan/cookbook.ts'
import { DECLARATIONS } from './plan/declarations.ts'
import { FORMS } from './plan/forms.ts'
import { MAPS } from './plan/maps.ts'
import { PROGRAMS } from './plan/programs.ts'
import { USER_SPACE } from './plan/user-space.ts'
import type { Plan } from './treatment.ts'

export const PLAN: Plan = { ...DECLARATIONS, ...FORMS, ...MAPS, ...PROGRAMS, ...USER_SPACE, ...COOKBOOK }
