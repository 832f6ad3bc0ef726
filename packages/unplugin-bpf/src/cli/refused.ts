/** A source or object that a command refuses; the message is complete and the exit code is 1. */
import { CompileError } from '@unplugin-bpf/core'

export class Refused extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Refused'
  }
}

/** Runs `action`; a CompileError becomes `Refused` with the rendered diagnostics. Other errors pass. */
export function refuseOnError<T>(action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof CompileError) throw new Refused(error.message)
    throw error
  }
}

/** As `refuseOnError`, of a promise. */
export async function refuseOnRejection<T>(action: Promise<T>): Promise<T> {
  try {
    return await action
  } catch (error) {
    if (error instanceof CompileError) throw new Refused(error.message)
    throw error
  }
}
