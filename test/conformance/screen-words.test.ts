/** Every code that a host or the chain can show has its sentence on the screen. The types below fail where a list grows. */
import { describe, expect, it } from 'vitest'
import type { NoticeCode } from '../../src/host/notices.ts'
import { NOTICE_CODES } from '../../src/host/notices.ts'
import type { HostPhase } from '../../src/host/view.ts'
import { HOST_PHASES } from '../../src/host/view.ts'
import type { ScreenPhase } from '../../src/ipc/snapshot.ts'
import { SCREEN_PHASES } from '../../src/ipc/snapshot.ts'
import { FAULT_CODES, REASON_CODES } from '../../src/protocol/reasons.ts'
import type { KnownNotice } from '../../src/renderer/features/story/sentences.ts'
import {
  FAULT_SENTENCES,
  NOTICE_SENTENCES,
  noticeSentence,
  reasonSentence,
} from '../../src/renderer/features/story/sentences.ts'

const everyNotice: Readonly<Record<NoticeCode, unknown>> = NOTICE_SENTENCES
const noOther: Readonly<Record<KnownNotice, NoticeCode>> = Object.fromEntries(
  NOTICE_CODES.map((code) => [code, code]),
) as Record<NoticeCode, NoticeCode>
const samePhases: readonly ScreenPhase[] = HOST_PHASES satisfies readonly HostPhase[]

const FIELDS = {
  reason: 'no_adapter',
  adapter: 'x',
  stage: 'norm',
  error: 'lost',
  count: 3,
  total: 5,
  height: 7,
  epoch: 2,
  backend: 'webgpu',
  action: 'commit_finds',
  log: 'deadline_passed: commits were due until height 90',
  code: 5,
  detail: 'something',
  task: 'commit',
  holdRaces: 'one race',
  minFinds: 20,
  bondPercent: '20 %',
}

describe('the screen has words for', () => {
  it.each(NOTICE_CODES)('the notice %s', (code) => {
    const { title, text } = noticeSentence(code, FIELDS)
    expect(everyNotice[code]).toBeDefined()
    expect(noOther[code]).toBe(code)
    expect(title).not.toMatch(/_/)
    expect(text).toMatch(/^[A-Z“0-9].*[.?!]$/s)
    expect(text).not.toMatch(/…|undefined|no words yet/)
  })

  it.each(REASON_CODES)('the reason %s', (code) => {
    const { title, text } = reasonSentence(code, FIELDS)
    expect(title).not.toMatch(/_/)
    expect(text).toMatch(/^[A-Z0-9].*\.$/s)
    expect(text).not.toMatch(/…|undefined|no words yet/)
  })

  it('each fault, and the same phases as the host', () => {
    expect(Object.keys(FAULT_SENTENCES).sort()).toEqual([...FAULT_CODES].sort())
    expect(samePhases).toEqual(SCREEN_PHASES)
  })

  it('a code of a newer host', () => {
    expect(noticeSentence('quantum_leap', {}).text).toContain('no words yet')
    expect(reasonSentence('toString', {}).text).toContain('no words yet')
  })
})
