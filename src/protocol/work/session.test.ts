import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createApiKey, sessionKeyOf } from './session.ts'

describe('an API key', () => {
  it('is nothing else: other texts, lengths and alphabets are refused without a throw', () => {
    const good = createApiKey(new Uint8Array(32).fill(9))
    expect(sessionKeyOf(good)).toBeDefined()
    for (const text of [
      '',
      'tr-',
      good.slice(3),
      `sk-${good.slice(3)}`,
      `${good}1`,
      good.slice(0, -2),
      `tr-${'0'.repeat(43)}`,
    ]) {
      expect(sessionKeyOf(text), text).toBeUndefined()
    }
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 31 }), (text) => sessionKeyOf(`tr-${text}`) === undefined),
    )
  })
})
