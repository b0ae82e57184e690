import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../lib/coded-error.ts'
import { formatTail } from '../../format/amounts.ts'
import { signingErrorSentence, WALLET_ERRORS, walletErrorSentence } from '../words/wallet-words.ts'
import { deviceKeyWords } from './device-key.ts'
import { passphraseStrength } from './passphrase-strength.ts'
import { readTail } from './tail-input.ts'
import { splitWords, wordsFault } from './word-list.ts'

describe('an amount as it is typed', () => {
  it('is exact, whatever its size', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 38n }), (utail) => {
        expect(readTail(formatTail(utail.toString()))).toEqual({ utail: utail.toString() })
      }),
    )
    expect(readTail('.5')).toEqual({ utail: '500000' })
    expect(readTail(' 1 000.000001 TAIL')).toEqual({ utail: '1000000001' })
    expect(readTail('007')).toEqual({ utail: '7000000' })
  })

  it('is refused with a reason where it is none', () => {
    for (const text of [
      '',
      '.',
      '0',
      '0.000000',
      '1,5',
      '1.2345678',
      '-1',
      '1e6',
      '0x10',
      '９',
      'NaN',
      '1.2.3',
      '9'.repeat(40),
    ]) {
      expect(readTail(text), text).toHaveProperty('fault')
    }
  })

  it('never gives anything but digits or a reason', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const read = readTail(text)
        return 'fault' in read ? read.fault !== '' : /^[1-9]\d{0,38}$/.test(read.utail)
      }),
    )
  })
})

describe('words as they are typed or pasted', () => {
  it('come from lists with numbers, lines and commas', () => {
    expect(splitWords('1. Able\n2) about,  "above"; 4:acid - actor')).toEqual([
      'able',
      'about',
      'above',
      'acid',
      'actor',
    ])
    expect(splitWords(' \n ')).toEqual([])
    expect(splitWords('a '.repeat(1_000))).toHaveLength(25)
  })

  it('say how many are missing, and which cannot be one', () => {
    expect(wordsFault([])?.text).toBe('12 or 24 words.')
    expect(wordsFault(['able'])?.text).toBe('1 so far: 12 or 24 are needed.')
    expect(wordsFault(['able', 'überall'])).toMatchObject({ position: 2 })
    expect(wordsFault(Array.from({ length: 25 }, () => 'able'))?.text).toBe('These are more than 24 words.')
    expect(wordsFault(Array.from({ length: 12 }, () => 'able'))).toBeUndefined()
  })
})

describe('a passphrase', () => {
  it('is rated by what is hard to guess', () => {
    const levelOf = (text: string) => passphraseStrength(text).level
    expect(['', 'short', 'aaaaaaaaaaaaaaaa', 'abcdefghijklmnop', '1234567890123', 'passpasspass'].map(levelOf)).toEqual(
      [0, 1, 1, 1, 1, 1],
    )
    expect(levelOf('seven green kettles sail')).toBeGreaterThanOrEqual(3)
    expect(levelOf('k9#Tz!w2Lq$8vR')).toBe(4)
  })
})

describe('the device key', () => {
  it('tells its days, and when it is soon over', () => {
    const at = (blocks: number) => deviceKeyWords(1_000 + blocks, { height: 1_000, blockTimeMs: 1_000 })
    expect(at(10 * 86_400)).toEqual({ words: 'for 10 days more', isSoon: false })
    expect(at(86_400 + 3_600)).toEqual({ words: 'for 25 hours more', isSoon: true })
    expect(at(59).words).toBe('for less than an hour')
    expect(at(0)).toMatchObject({ isSoon: true })
    expect(deviceKeyWords(0, null).isSoon).toBe(false)
  })
})

describe('refusals of the wallet', () => {
  it('are sentences, with what they name', () => {
    for (const [code, say] of Object.entries(WALLET_ERRORS)) {
      expect(say({}), code).toMatch(/^[A-Z].*[.!]$/)
    }
    const funds = new CodedError('insufficient_funds', 'x', { fields: { balance: '1500000', fee: '2500' } })
    expect(walletErrorSentence(funds)).toContain('You have 1.5 TAIL. The fee is 0.0025 TAIL.')
    expect(walletErrorSentence(new CodedError('something_new', 'x'))).toContain('something_new')
    expect(signingErrorSentence(new CodedError('connection_lost', 'x'))).toContain('not known')
    expect(signingErrorSentence(new CodedError('send_unknown', 'x'))).toContain('five minutes')
  })
})
