import type { HostNotice } from './host-notices.ts'
import { HOST_NOTICES } from './host-notices.ts'
import type { Sentence, SentenceFields } from './sentence.ts'
import { isKnown, unknownCode } from './sentence.ts'
import { WORK_NOTICES } from './work-notices.ts'

export function noticeSentence(code: string, fields: SentenceFields): Sentence {
  if (isKnown(HOST_NOTICES, code)) {
    return HOST_NOTICES[code](fields)
  }
  return isKnown(WORK_NOTICES, code) ? WORK_NOTICES[code](fields) : unknownCode(code)
}

/** Notices that repeat what the list of earnings says better. */
export const LEDGER_NOTICES: ReadonlySet<string> = new Set<HostNotice>([
  'weight_set',
  'earning_held',
  'earning_bonded',
  'earning_credited',
  'earning_zero',
  'earning_taken',
])
