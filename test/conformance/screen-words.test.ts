/** Every code that a host, the chain or the gateway can show has its sentence on the screen. The types below fail where a list grows. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { answerForError } from '../../src/gateway/errors.ts'
import type { NoticeCode } from '../../src/host/notices.ts'
import { NOTICE_CODES } from '../../src/host/notices.ts'
import type { HostPhase } from '../../src/host/view.ts'
import { HOST_PHASES } from '../../src/host/view.ts'
import type { WorkNoticeCode } from '../../src/host/work/work-view.ts'
import { WORK_NOTICE_CODES } from '../../src/host/work/work-view.ts'
import type { ScreenPhase } from '../../src/ipc/snapshot.ts'
import { SCREEN_PHASES } from '../../src/ipc/snapshot.ts'
import { CHECK_STATES, FINISHING_STEPS, IDLE_REASONS } from '../../src/ipc/work-snapshot.ts'
import { CodedError } from '../../src/lib/coded-error.ts'
import { CHAIN_CHECKS } from '../../src/main/receipt-check.ts'
import { FAULT_CODES, REASON_CODES } from '../../src/protocol/reasons.ts'
import { BUNDLE_CHECKS } from '../../src/protocol/work/bundle.ts'
import { CHAT_FAILURES, chatFailureSentence } from '../../src/renderer/features/words/failures.ts'
import type { HostNotice } from '../../src/renderer/features/words/host-notices.ts'
import { HOST_NOTICES } from '../../src/renderer/features/words/host-notices.ts'
import { noticeSentence } from '../../src/renderer/features/words/notices.ts'
import { FAULT_SENTENCES, REASON_SENTENCES, reasonSentence } from '../../src/renderer/features/words/reasons.ts'
import type { ChainCheck } from '../../src/renderer/features/words/receipt-checks.ts'
import { RECEIPT_CHECKS, receiptCheckWords } from '../../src/renderer/features/words/receipt-checks.ts'
import {
  ORDER_FAULTS,
  orderFaultWords,
  REFUSAL_CODES,
  REFUSAL_WORDS,
  refusalWords,
} from '../../src/renderer/features/words/refusals.ts'
import type { WorkNoticeName } from '../../src/renderer/features/words/work-notices.ts'
import { WORK_NOTICES } from '../../src/renderer/features/words/work-notices.ts'
import {
  CHECK_WORDS,
  FINISHING_WORDS,
  IDLE_SENTENCES,
  idleSentence,
} from '../../src/renderer/features/words/work-words.ts'

const everyNotice: Readonly<Record<NoticeCode, unknown>> = HOST_NOTICES
const noOther: Readonly<Record<HostNotice, NoticeCode>> = Object.fromEntries(
  NOTICE_CODES.map((code) => [code, code]),
) as Record<NoticeCode, NoticeCode>
const everyWorkNotice: Readonly<Record<WorkNoticeCode, unknown>> = WORK_NOTICES
const noOtherWorkNotice: Readonly<Record<WorkNoticeName, WorkNoticeCode>> = Object.fromEntries(
  WORK_NOTICE_CODES.map((code) => [code, code]),
) as Record<WorkNoticeCode, WorkNoticeCode>
const samePhases: readonly ScreenPhase[] = HOST_PHASES satisfies readonly HostPhase[]
const everyChainCheck: Readonly<Record<(typeof CHAIN_CHECKS)[number], ChainCheck>> = Object.fromEntries(
  CHAIN_CHECKS.map((name) => [name, name]),
) as Record<ChainCheck, ChainCheck>

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
  model: 'whale-0.9m',
  tokensPerSecond: 200,
  order: 'ab',
  payer: 'cd',
  price: '17',
  batch: '12',
  point: 0,
  verdict: 'pass',
  leaves: 3,
  sum: '83400',
}

const SENTENCE = /^[A-Z“0-9].*[.?!]$/s
const UNSAID = /…|undefined|no words yet|_/

describe('the screen has words for', () => {
  it.each([...NOTICE_CODES, ...WORK_NOTICE_CODES])('the notice %s', (code) => {
    const { title, text } = noticeSentence(code, FIELDS)
    expect(code in everyNotice || code in everyWorkNotice).toBe(true)
    expect(code in noOther || code in noOtherWorkNotice).toBe(true)
    expect(title).not.toMatch(/_/)
    // The model's id of a notice may begin its sentence.
    expect(text.replace(/^whale-0\.9m/, 'It')).toMatch(SENTENCE)
    expect(text).not.toMatch(/…|undefined|no words yet/)
  })

  it('notices of races and of paid work, which do not share a code', () => {
    const shared = NOTICE_CODES.filter((code) => Object.hasOwn(WORK_NOTICES, code))
    expect(shared).toEqual([])
    expect(Object.keys(HOST_NOTICES).sort()).toEqual([...NOTICE_CODES].sort())
    expect(Object.keys(WORK_NOTICES).sort()).toEqual([...WORK_NOTICE_CODES].sort())
  })

  it.each(REASON_CODES)('the reason %s', (code) => {
    const { title, text } = reasonSentence(code, FIELDS)
    expect(Object.hasOwn(REASON_SENTENCES, code)).toBe(true)
    expect(title).not.toMatch(/_/)
    expect(text).toMatch(SENTENCE)
    expect(text).not.toMatch(UNSAID)
  })

  it('each fault, and the same phases as the host', () => {
    expect(Object.keys(FAULT_SENTENCES).sort()).toEqual([...FAULT_CODES].sort())
    expect(samePhases).toEqual(SCREEN_PHASES)
  })

  it('a code of a newer host', () => {
    expect(noticeSentence('quantum_leap', {}).text).toContain('no words yet')
    expect(reasonSentence('toString', {}).text).toContain('no words yet')
    expect(idleSentence('toString', {}).text).toContain('no words yet')
    expect(refusalWords('toString')).toBe('it said “toString”')
    expect(orderFaultWords('new_fault')).toBe('It ended with “new fault”.')
    expect(receiptCheckWords('new_check', 'ok')).toBe('new check')
    expect(chatFailureSentence('toString', 'Later.')).toBe('The gateway says: Later.')
  })
})

describe('paid work has words for', () => {
  it.each(IDLE_REASONS)('why nothing is earned: %s', (code) => {
    expect(Object.hasOwn(IDLE_SENTENCES, code)).toBe(true)
    for (const fields of [{}, { nextRaceBlocks: 0, batches: 1, blocks: 1 }, { ...FIELDS, blocks: 3, batches: 2 }]) {
      const { title, text } = idleSentence(code, fields)
      expect(`${title} ${text}`).not.toMatch(UNSAID)
      expect(text.replace(/^whale-0\.9m/, 'It')).toMatch(SENTENCE)
    }
  })

  it('each state of a check and each step of Finish', () => {
    expect(Object.keys(CHECK_WORDS).sort()).toEqual([...CHECK_STATES].sort())
    expect(Object.keys(FINISHING_WORDS).sort()).toEqual([...FINISHING_STEPS].sort())
  })

  it('each check of a receipt, by itself and against the chain', () => {
    expect(Object.keys(everyChainCheck)).toHaveLength(CHAIN_CHECKS.length)
    expect(Object.keys(RECEIPT_CHECKS).sort()).toEqual([...BUNDLE_CHECKS, ...CHAIN_CHECKS].sort())
  })

  it('each refusal of a drawn host, and each fault that an executor finds', () => {
    expect(Object.keys(REFUSAL_WORDS).sort()).toEqual([...REFUSAL_CODES].sort())
    const executor = sourceOf('host/work/orders/executor.ts')
    const acceptance = sourceOf('host/work/orders/acceptance.ts')
    const refusals = [...executor.matchAll(/refuse\([^)]*'([a-z_]+)'\)|return '([a-z_]+)'/g)].map(codeOf)
    const faults = [
      ...[...acceptance.matchAll(/, '([a-z_]+)'\],|return '([a-z_]+)'/g)].map(codeOf),
      ...[...executor.matchAll(/code: '([a-z_]+)'/g)].map(codeOf),
    ]
    expect(refusals.length).toBeGreaterThanOrEqual(4)
    expect(faults.length).toBeGreaterThanOrEqual(25)
    expect(
      refusals.filter((code) => !Object.hasOwn(REFUSAL_WORDS, code) && !Object.hasOwn(ORDER_FAULTS, code)),
    ).toEqual([])
    expect(faults.filter((code) => !Object.hasOwn(ORDER_FAULTS, code))).toEqual([])
  })

  it('each error that the gateway answers with', () => {
    const table = sourceOf('gateway/errors.ts').split('const INTERNAL')[0] ?? ''
    const ours = [...table.matchAll(/^ {2}([a-z_]+): \{/gm)].map((match) => match[1] ?? '')
    expect(ours.length).toBeGreaterThanOrEqual(30)
    const shown = ours.map((code) => answerForError(new CodedError(code, 'x')).error.code)
    expect(shown.filter((code) => !Object.hasOwn(CHAT_FAILURES, code) && !Object.hasOwn(ORDER_FAULTS, code))).toEqual(
      [],
    )
    expect(Object.hasOwn(CHAT_FAILURES, answerForError(new Error('x')).error.code)).toBe(true)
  })

  it('each way in which the playground’s own request can fail', () => {
    const source = sourceOf('main/screen/playground.ts')
    const codes = [...source.matchAll(/'([a-z]+_[a-z_]+|aborted)'(?=[,) ])/g)].map(codeOf)
    expect(codes.length).toBeGreaterThanOrEqual(4)
    expect(codes.filter((code) => !Object.hasOwn(CHAT_FAILURES, code))).toEqual([])
  })
})

/** Codes that are no list of their own are read where they are written. */
function sourceOf(path: string): string {
  return readFileSync(new URL(`../../src/${path}`, import.meta.url), 'utf8')
}

function codeOf(match: RegExpMatchArray): string {
  return match[1] ?? match[2] ?? ''
}
