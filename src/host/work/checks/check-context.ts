import type { HostContext } from '../../context.ts'
import type { CheckLog } from '../check-log.ts'
import type { CheckingComponents } from './checking-components.ts'
import type { DutyBook } from './duty-book.ts'
import type { WorkFinder } from './find-work.ts'
import type { Scoring } from './scoring.ts'

/** What checks and rulings work with. */
export interface CheckContext extends Omit<CheckingComponents, 'suspicions' | 'inference'> {
  readonly host: HostContext
  readonly book: DutyBook
  readonly finder: WorkFinder
  readonly scoring: Scoring
  readonly log: CheckLog
}
