import { describe, expect, it } from 'vitest'
import { failureSentence } from './failures.ts'

describe('what a failed command says', () => {
  it.each(['file_too_large', 'newer_data', 'wallet_needed', 'chain_unreachable', 'contract_mismatch'])(
    '%s has words of its own that say what to do',
    (code) => {
      const sentence = failureSentence(code)
      expect(sentence).not.toContain(code)
      expect(sentence).not.toContain('did not work')
      expect(sentence).toMatch(/^[A-Z].*\.$/)
    },
  )

  it('an unknown code is named', () => {
    expect(failureSentence('odd_thing')).toContain('odd_thing')
  })
})
