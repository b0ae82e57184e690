import { expect, test } from 'vitest'
import { backendReason, firstStage } from './devices.ts'
import { findingSentence } from './findings.ts'
import { noticeSentence } from './notices.ts'

const REPORT = 'dev known answer 0: stage layer1.attention, byte 40: 3 instead of 2'

test('a device that computes something else is told with the stage in which it did so first', () => {
  const stage = 'first in the stage “layer1.attention”'
  expect(backendReason(`not_conformant:${REPORT}`)).toContain(stage)
  expect(noticeSentence('racing_on_cpu', { reason: `not_conformant:${REPORT}` }).text).toContain(stage)
  expect(noticeSentence('no_conformant_backend', { stage: REPORT }).text).toContain(stage)
  const fields = { backend: 'webgpu', adapter: 'a card', stage: REPORT }
  expect(findingSentence({ code: 'device_exact', verdict: 'warning', fields }).text).toContain(stage)
})

test('a report that names no stage leaves the sentence whole', () => {
  expect(firstStage('device_lost: the driver was reset')).toBe('')
  expect(backendReason('not_conformant:unknown')).toContain('in at least one bit, so they would not count.')
  expect(noticeSentence('no_conformant_backend', {}).text).not.toContain('undefined')
})
