import { describe, expect, it } from 'vitest'
import { WORK } from '../../../../test/support/screen/scenes/work-scenes.ts'
import { SCENES } from '../../../../test/support/screen/scenes.ts'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { BatchWire, JobWire, WorkSnapshot } from '../../../ipc/work-snapshot.ts'
import { CHECK_STATES, FINISHING_STEPS, IDLE_REASONS } from '../../../ipc/work-snapshot.ts'
import { phaseWords } from '../way/phase-words.ts'
import { batchWay, jobWay, wayFactsOf, wayNow } from './receipt-way.ts'
import { workTitle } from './work-title.ts'

function scene(name: string): ScreenSnapshot & { readonly work: WorkSnapshot } {
  const snapshot = SCENES.find((candidate) => candidate.name.includes(name))?.snapshot
  if (snapshot?.work === undefined || snapshot.work === null) {
    throw new Error(`no scene with work: ${name}`)
  }
  return { ...snapshot, work: snapshot.work }
}

const running = scene('work-running')
const facts = wayFactsOf(running)
const batchOf = (id: string): BatchWire => {
  const found = running.work.batches.find((batch) => batch.id === id)
  if (found === undefined) {
    throw new Error(`no batch ${id}`)
  }
  return found
}
const jobOf = (state: JobWire['state'], change: Partial<JobWire> = {}): JobWire => ({
  ...(running.work.jobs[0] as JobWire),
  state,
  ...change,
})
const states = (steps: readonly { readonly state: string }[]) => steps.map(({ state }) => state[0]).join('')

describe('the way of a batch', () => {
  it('goes from the chain to the balance', () => {
    expect(states(batchWay(batchOf('13'), facts))).toBe('dcaaa')
    expect(states(batchWay(batchOf('12'), facts))).toBe('ddcaa')
    expect(states(batchWay(batchOf('9'), facts))).toBe('dddca')
    expect(states(batchWay(batchOf('7'), facts))).toBe('ddddd')
    expect(batchWay(batchOf('12'), facts).map(({ value }) => value)).toEqual([
      'Block 226',
      '2 receipts',
      '1 of 2',
      '',
      '',
    ])
  })

  it('is credited where the ledger says so, or where its epoch is long over', () => {
    const paid = batchOf('9')
    const credited = (change: Partial<typeof facts>) => batchWay(paid, { ...facts, ...change }).at(-1)?.state
    expect(credited({ released: new Set() })).toBe('ahead')
    expect(credited({ released: new Set([paid.epoch]) })).toBe('done')
    expect(credited({ released: new Set(), epoch: paid.epoch + facts.holdEpochs + 1 })).toBe('ahead')
    expect(credited({ released: new Set(), epoch: paid.epoch + facts.holdEpochs + 2 })).toBe('done')
    expect(batchWay({ ...paid, state: 'checking' }, { ...facts, released: new Set([paid.epoch]) }).at(-1)?.state).toBe(
      'ahead',
    )
  })

  it('ends with the refund, and names what led to it', () => {
    const refunded = scene('work-refunded').work.batches[0] as BatchWire
    const steps = batchWay(refunded, facts)
    expect(steps.map(({ name }) => name)).toEqual(['Batched', 'Drawn', 'Checked', 'Refunded'])
    expect(states(steps)).toBe('ddff')
    expect(steps[2]?.value).toBe('not shown')
    expect(steps[3]?.value).toBe('0.0834')
  })

  it('exists for each state of a batch and its checks', () => {
    for (const state of ['accepted', 'checking', 'paid', 'refunded'] as const) {
      for (const check of CHECK_STATES) {
        const batch = { ...batchOf('12'), state, checks: [check] }
        expect(batchWay(batch, facts).length).toBeGreaterThanOrEqual(4)
        const own = jobWay(jobOf('batched', { batch: '12', check }), batch, facts)
        expect(own.map(({ value }) => value).join()).not.toMatch(/undefined|NaN|_/)
      }
    }
  })
})

describe('the way of one order', () => {
  it('follows its receipt', () => {
    expect(states(jobWay(jobOf('running'), undefined, facts))).toBe('caaaaa')
    expect(states(jobWay(jobOf('delivered'), undefined, facts))).toBe('dcaaaa')
    expect(states(jobWay(jobOf('countersigned'), undefined, facts))).toBe('ddcaaa')
    expect(states(jobWay(jobOf('batched', { batch: '12', check: 'opened' }), batchOf('12'), facts))).toBe('dddcaa')
    expect(states(jobWay(jobOf('batched', { batch: '7', check: 'passed' }), batchOf('7'), facts))).toBe('dddddd')
  })

  it('says that chance did not draw it', () => {
    const steps = jobWay(jobOf('batched', { batch: '12' }), batchOf('12'), facts)
    expect(steps[3]).toEqual({ name: 'Checked', value: 'not drawn', state: 'done' })
    const before = jobWay(jobOf('batched', { batch: '13' }), batchOf('13'), facts)
    expect(before[3]).toMatchObject({ value: '', state: 'current' })
  })

  it('ends where it failed, and where its batch is no longer listed', () => {
    expect(states(jobWay(jobOf('failed', { price: '0' }), undefined, facts))).toBe('faa')
    expect(states(jobWay(jobOf('failed', { price: '7', errorCode: 'receipt_expired' }), undefined, facts))).toBe('ddf')
    expect(states(jobWay(jobOf('failed', { price: '7', errorCode: 'never_countersigned' }), undefined, facts))).toBe(
      'dfa',
    )
    expect(states(jobWay(jobOf('batched', { batch: '1' }), undefined, facts))).toBe('ddd')
  })

  it('is at its failed step, else at its current, else at its last', () => {
    expect(wayNow(batchWay(scene('work-refunded').work.batches[0] as BatchWire, facts))?.name).toBe('Checked')
    expect(wayNow(batchWay(batchOf('9'), facts))?.name).toBe('Held')
    expect(wayNow(batchWay(batchOf('7'), facts))?.name).toBe('Credited')
    expect(wayNow([])).toBeUndefined()
  })
})

describe('the title of paid work', () => {
  const headline = (work: WorkSnapshot | null) => workTitle({ work, phase: 'settled' }).headline

  it('says what is going on, the nearest first', () => {
    expect(headline(null)).toBe('No paid work here')
    expect(headline(running.work)).toBe('Answering 2 orders')
    expect(headline({ ...running.work, jobs: running.work.jobs.slice(1) })).toBe('Answering an order')
    expect(headline({ ...running.work, finishing: 'draws' })).toBe('Finishing')
    expect(headline(WORK)).toBe('Nobody has ordered')
    expect(headline({ ...WORK, idleReason: null })).toBe('Ready for orders')
    expect(workTitle({ work: WORK, phase: 'leaving' }).headline).toBe('Leaving')
  })

  it('exists for each reason and each step', () => {
    for (const code of IDLE_REASONS) {
      const { headline: title, detail } = workTitle({
        work: { ...WORK, idleReason: { code, fields: {} } },
        phase: 'settled',
      })
      expect(`${title} ${detail}`).not.toMatch(/undefined|_/)
    }
    for (const finishing of FINISHING_STEPS) {
      const words = phaseWords({ ...running, work: { ...running.work, finishing } }, running.nowMs)
      expect(words.headline).toBe('Finishing')
      expect(words.announcement).toContain(words.detail)
    }
  })
})
