import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchesQuery, parseQuery } from './event-query.ts'
import { RpcError } from './json-rpc.ts'

const TX = { 'tm.event': ['Tx'], 'tx.height': ['12'], 'message.sender': ['alice', 'bob'] }

test.each([
  ["tm.event='Tx'", true],
  ["tm.event = 'NewBlock'", false],
  ["tm.event='Tx' AND message.sender='bob'", true],
  ["tm.event='Tx' AND message.sender='carol'", false],
  ['tx.height=12', true],
  ['tx.height > 11 AND tx.height<13', true],
  ['tx.height >= 13', false],
  ['tx.height <= 12', true],
  ['message.sender EXISTS', true],
  ['transfer.amount EXISTS', false],
  ["message.sender CONTAINS 'lic'", true],
  ["message.sender CONTAINS 'x'", false],
  ["constructor='x'", false],
])('%s → %s', (query, expected) => {
  expect(matchesQuery(parseQuery(query), TX)).toBe(expected)
})

test.each([
  '',
  'tm.event',
  "tm.event='Tx",
  "tm.event='Tx' OR tm.event='NewBlock'",
  "tm.event='Tx' AND",
  "AND tm.event='Tx'",
  "tx.height > '12'",
  "message.sender EXISTS 'a'",
  Array(9).fill('a.b=1').join(' AND '),
  `a.b='${'x'.repeat(600)}'`,
])('refused: %s', (query) => {
  expect(() => parseQuery(query)).toThrow(RpcError)
})

test('any text gives conditions or an RpcError', () => {
  const word = fc.constantFrom('tm.event', '=', "'Tx'", ' AND ', '>', '<=', '12', 'EXISTS', "'", ' ', '\\', '\u0000')
  const texts = fc.oneof(
    fc.string({ maxLength: 80 }),
    fc.array(word, { maxLength: 12 }).map((words) => words.join('')),
  )
  fc.assert(
    fc.property(texts, (query) => {
      try {
        expect(parseQuery(query).length).toBeGreaterThan(0)
      } catch (error) {
        expect(error).toBeInstanceOf(RpcError)
      }
    }),
    { numRuns: 2_000 },
  )
})
