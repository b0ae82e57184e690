import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { errorCode } from '../../lib/coded-error.ts'
import { createTryLimit, keyOfPassphrase, requireStrong } from './passphrase.ts'

function codeOf(work: () => unknown): string {
  try {
    work()
    return ''
  } catch (error) {
    return errorCode(error)
  }
}

describe('a passphrase', () => {
  it('is ten characters at least and more than a few again and again', () => {
    for (const weak of [
      '',
      'short-one',
      'aaaaaaaaaaaa',
      'abababababab',
      'abcdabcdabcd',
      '12345678901',
      'abcdefghijkl',
      'abcdeabcde',
      'a'.repeat(300),
    ]) {
      expect([weak, codeOf(() => requireStrong(weak))]).toEqual([weak, 'passphrase_weak'])
    }
    for (const strong of ['correct horse', 'Grüße aus Köln', 'qx7!mnvP0z', '長い合言葉をここに書く']) {
      expect([strong, codeOf(() => requireStrong(strong))]).toEqual([strong, ''])
    }
  })

  it('gives the same key however its letters are composed', async () => {
    const salt = new Uint8Array(16).fill(1)
    const cost = { n: 2 ** 14, r: 8, p: 1 }
    const composed = await keyOfPassphrase('Gr\u00fc\u00dfe an alle', salt, cost)
    expect(await keyOfPassphrase('Gru\u0308\u00dfe an alle', salt, cost)).toEqual(composed)
    expect(await keyOfPassphrase('Grusse an alle', salt, cost)).not.toEqual(composed)
  })

  it('may be tried three times a second', async () => {
    const clock = new VirtualClock()
    const tryOnce = createTryLimit(clock)
    expect([1, 2, 3, 4].map(() => codeOf(tryOnce))).toEqual(['', '', '', 'busy'])
    await clock.advance(1_000)
    expect(codeOf(tryOnce)).toBe('')
  })
})
