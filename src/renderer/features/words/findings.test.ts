import { expect, test } from 'vitest'
import { FINDING_CODES } from '../../../ipc/finding-codes.ts'
import { TROUBLE_CODES } from '../../../ipc/wires/trouble-wire.ts'
import { findingSentence } from './findings.ts'

test('each finding says what is and, where something is wrong, what to do', () => {
  for (const code of FINDING_CODES) {
    for (const trouble of TROUBLE_CODES) {
      for (const verdict of ['ok', 'warning', 'problem', 'skipped'] as const) {
        const { title, text, advice } = findingSentence({ code, verdict, fields: { reason: 'damaged', trouble } })
        expect([title, text], code).not.toContain('')
        expect(`${title} ${text} ${advice}`, code).not.toMatch(/undefined|NaN|\[object/)
        expect(advice === '', `${code} ${verdict}`).toBe(verdict === 'ok' || verdict === 'skipped')
      }
    }
  }
})

test('a code of a newer host admits that it is not known', () => {
  expect(findingSentence({ code: 'quantum_flux', verdict: 'problem', fields: {} })).toMatchObject({
    title: 'quantum flux',
    advice: '',
  })
})
