import { describe, expect, it } from 'vitest'
import { idleSnapshot } from '../../../../test/support/screen/sample-snapshot.ts'
import { SCENES } from '../../../../test/support/screen/scenes.ts'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { SCREEN_PHASES } from '../../../ipc/snapshot.ts'
import { millState } from '../picture/mill-state.ts'
import { phaseWords } from './phase-words.ts'
import { readoutsOf } from './readouts.ts'
import { stepsOf } from './steps.ts'

const scene = (name: string): ScreenSnapshot =>
  SCENES.find((candidate) => candidate.name.includes(name))?.snapshot ?? idleSnapshot()
const headline = (snapshot: ScreenSnapshot) => phaseWords(snapshot, snapshot.nowMs).headline
const stepStates = (snapshot: ScreenSnapshot) =>
  stepsOf(snapshot)
    .map((step) => step.state[0])
    .join('')

describe('the words', () => {
  it('tell each phase', () => {
    expect(headline(scene('waiting'))).toBe('Next race in 0:09')
    expect(headline(scene('racing'))).toBe('Racing: 41 finds')
    expect(headline({ ...scene('racing'), race: null })).toBe('Racing: 0 finds')
    expect(headline(scene('verifying'))).toBe('Being verified')
    expect(headline(scene('weight'))).toBe('Weight 62\u00a0%')
    expect(headline(scene('convicted'))).toBe('No weight this time')
    expect(headline(scene('stopped'))).toBe('This machine cannot race')
  })

  it('say less than all of the finds where a sample is drawn', () => {
    const { detail } = phaseWords(scene('verifying'), scene('verifying').nowMs)
    expect(detail).toBe('Two other hosts recompute 100 of your 212 finds; decided in 0:08. You check theirs meanwhile.')
  })

  it('announce without numbers that run, so that a screen reader is not flooded', () => {
    for (const { snapshot } of SCENES) {
      const now = phaseWords(snapshot, snapshot.nowMs).announcement
      const later = { ...snapshot, race: snapshot.race === null ? null : { ...snapshot.race, finds: 99, attempts: 1 } }
      expect(phaseWords(later, snapshot.nowMs + 5_000).announcement).toBe(now)
    }
  })

  it('exist without anything known but the phase', () => {
    for (const phase of SCREEN_PHASES) {
      const bare = { ...idleSnapshot(), phase, epoch: null, rules: null }
      const { headline: text, detail } = phaseWords(bare, bare.nowMs)
      expect(`${text} ${detail}`).not.toMatch(/undefined|NaN|null/)
      expect(readoutsOf(bare, bare.nowMs)).toHaveLength(3)
      expect(millState(bare, bare.nowMs).flow).toBeGreaterThanOrEqual(0)
    }
  })
})

describe('the steps', () => {
  it('go from the check to the credit', () => {
    expect(stepStates(scene('idle'))).toBe('aaaaaaa')
    expect(stepStates(scene('checking'))).toBe('caaaaaa')
    expect(stepStates(scene('waiting'))).toBe('ddcaaaa')
    expect(stepStates(scene('racing'))).toBe('ddcaaaa')
    expect(stepStates(scene('verifying'))).toBe('dddcaaa')
    expect(stepStates(scene('weight'))).toBe('dddddca')
    expect(stepStates(scene('credited'))).toBe('ddddddd')
  })

  it('keep the money of earlier races while the next one runs, and show a race without weight', () => {
    const standing = scene('credited').standing
    expect(stepStates({ ...scene('racing'), standing })).toBe('ddcaadd')
    expect(stepStates(scene('convicted'))).toBe('dddffad')
  })
})

describe('the picture', () => {
  it('opens the gate for a race alone, and flows faster on a faster device', () => {
    const racing = scene('racing')
    const slow = millState({ ...racing, race: racing.race && { ...racing.race, attemptsPerSecond: 20 } }, racing.nowMs)
    const fast = millState(racing, racing.nowMs)
    expect([slow.gate, fast.gate]).toEqual(['open', 'open'])
    expect(fast.flow).toBeGreaterThan(slow.flow)
    expect(millState(scene('waiting'), racing.nowMs)).toMatchObject({ gate: 'closed', flow: 0 })
    expect(millState(scene('verifying'), racing.nowMs)).toMatchObject({ gate: 'closed', isVerifying: true })
  })
})
