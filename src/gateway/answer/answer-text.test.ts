import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BYTE_TEXT, BYTE_VOCABULARY, END_TOKEN } from '../../../test/support/gateway/byte-text.ts'
import { scoresFor } from '../../../test/support/gateway/scripted-orders.ts'
import { AnswerText } from './answer-text.ts'

const MODEL = { eosTokens: [END_TOKEN], text: BYTE_TEXT }

function chunkOf(tokens: readonly number[]): { tokens: readonly number[]; scores: Uint8Array } {
  return { tokens, scores: scoresFor(tokens, BYTE_VOCABULARY) }
}

function pieces(list: readonly number[], size: number): (readonly number[])[] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  )
}

test('in pieces of any size: the text of all tokens, and each token once at its place', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '🐋', '\u200d', ' '), maxLength: 12 })
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 5 }), fc.boolean(), (whole, size, hasEnd) => {
      const tokens = [...BYTE_TEXT.encode(whole), ...(hasEnd ? [END_TOKEN] : [])]
      const answer = new AnswerText(MODEL, { stop: ['zz'], maxTokens: 100, wantsScores: true })
      const shown = [...pieces(tokens, size).map((piece) => answer.push(chunkOf(piece))), answer.finish()]
      expect(shown.map((piece) => piece.text).join('')).toBe(whole)
      const scored = shown.flatMap((piece) => piece.tokens)
      expect(scored.map(({ token }) => token)).toEqual(BYTE_TEXT.encode(whole))
      expect(answer.outputTokens).toBe(tokens.length)
      expect(answer.isEnded).toBe(hasEnd)
      // A token's log-probability never comes after text that it wrote, nor before any of it.
      let length = 0
      for (const piece of shown.slice(0, -1)) {
        expect(piece.tokens.every(({ offset }) => offset < length + piece.text.length)).toBe(true)
        length += piece.text.length
      }
    }),
  )
})

test('tokens of a stop text have no log-probabilities in the answer', () => {
  const answer = new AnswerText(MODEL, { stop: ['stop'], maxTokens: 100, wantsScores: true })
  const shown = [
    answer.push(chunkOf(BYTE_TEXT.encode('a st'))),
    answer.push(chunkOf(BYTE_TEXT.encode('op'))),
    answer.finish(),
  ]
  expect(shown.map(({ text }) => text)).toEqual(['a ', '', ''])
  expect(shown.flatMap(({ tokens }) => tokens.map(({ token }) => token))).toEqual(BYTE_TEXT.encode('a '))
  expect([answer.isEnded, answer.isExcessive, answer.outputTokens]).toEqual([true, false, 6])
})

test('more than was ordered is noticed and not shown', () => {
  const answer = new AnswerText(MODEL, { stop: [], maxTokens: 2, wantsScores: false })
  expect(answer.push(chunkOf([97, 98, 99])).text).toBe('ab')
  expect([answer.isExcessive, answer.isEnded, answer.outputTokens]).toEqual([true, false, 2])
  const ended = new AnswerText(MODEL, { stop: [], maxTokens: 9, wantsScores: false })
  expect(ended.push(chunkOf([97, END_TOKEN, 98])).text).toBe('a')
  expect([ended.isExcessive, ended.outputTokens]).toEqual([true, 2])
})

test('scores are asked for only where they are wanted', () => {
  const tokens = [97]
  const plain = new AnswerText(MODEL, { stop: [], maxTokens: 2, wantsScores: false })
  expect(plain.push({ tokens, scores: new Uint8Array(0) }).tokens).toEqual([])
  const scored = new AnswerText(MODEL, { stop: [], maxTokens: 2, wantsScores: true })
  expect(() => scored.push({ tokens, scores: new Uint8Array(47) })).toThrow(
    expect.objectContaining({ code: 'invalid_scores' }),
  )
})

test('an incomplete character at the end is shown as what it is', () => {
  const answer = new AnswerText(MODEL, { stop: [], maxTokens: 9, wantsScores: true })
  expect(answer.push(chunkOf([0xf0, 0x9f])).text).toBe('')
  const rest = answer.finish()
  expect(rest.text).toBe('\ufffd')
  expect(rest.tokens).toHaveLength(2)
})
