import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StopFilter } from './stop-filter.ts'

/** What the filter promises, said in another way: the text before the first end of a stop. */
function expected(text: string, stops: readonly string[]): string {
  for (let end = 1; end <= text.length; end++) {
    const starts = stops.map((stop) => text.slice(0, end).indexOf(stop)).filter((index) => index !== -1)
    if (starts.length > 0) {
      return text.slice(0, Math.min(...starts))
    }
  }
  return text
}

const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 24 })
const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 }), { maxLength: 3 })

test('letter by letter: exactly the text before the first stop, and never a part of a stop before its time', () => {
  fc.assert(
    fc.property(letters, stops, (text, list) => {
      const filter = new StopFilter(list)
      let shown = ''
      for (const letter of text) {
        shown += filter.push(letter)
        expect(expected(text, list).startsWith(shown)).toBe(true)
      }
      shown += filter.isStopped ? '' : filter.flush()
      expect(shown).toBe(expected(text, list))
    }),
    { numRuns: 500 },
  )
})

test('a piece that holds several stops is cut before the first of them', () => {
  const filter = new StopFilter(['two', 'one'])
  expect(filter.push('zero one two')).toBe('zero ')
  expect(filter.isStopped).toBe(true)
  expect(filter.push('more')).toBe('')
})

test('holds back no more than it must', () => {
  const filter = new StopFilter(['<end>'])
  expect(filter.push('a < b <e')).toBe('a < b ')
  expect(filter.push('x')).toBe('<ex')
  expect(filter.flush()).toBe('')
})
