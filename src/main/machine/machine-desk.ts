/**
 * What the screen asks of this machine: its readings, the known answers once more, and what `doctor` finds. Invariant: a recheck
 * never takes the device away from a race.
 */

import type { Contributor } from '../../host/contributor.ts'
import type { CommandOutcome, MachineDesk } from '../../ipc/screen-router.ts'
import { errorCode } from '../../lib/coded-error.ts'
import type { Logger } from '../../lib/runtime.ts'
import type { MachineReader } from './readings.ts'

export interface MachineDeskComponents {
  readonly reader: MachineReader
  readonly contributor: Pick<Contributor, 'recheck' | 'view'>
  readonly doctor: MachineDesk['doctor']
  readonly logger: Logger
}

export function createMachineDesk({ reader, contributor, doctor, logger }: MachineDeskComponents): MachineDesk {
  let isChecking = false
  return {
    readings: (signal) => reader.read(signal),
    doctor,
    /** Answers when the check is over, which takes seconds: the snapshot then has what came of it. */
    async recheck(): Promise<CommandOutcome> {
      if (isChecking) {
        return 'already'
      }
      isChecking = true
      try {
        await contributor.recheck()
        return 'accepted'
      } catch (error) {
        logger.log('warn', 'recheck failed', { error: errorCode(error) })
        throw error
      } finally {
        isChecking = false
      }
    },
  }
}
