import { describe, expect, test } from 'vitest'
import { loadWhale } from '../../../test/support/inference/whale-model.ts'
import { createEndDetector } from './end-detector.ts'

const { text, manifest } = loadWhale()

function endOf(output: string, stop: readonly string[]): string | undefined {
  const detector = createEndDetector(text, manifest.eosTokens, stop)
  const tokens = text.encode(output)
  const ends = tokens.map((token) => detector.accept(token))
  const first = ends.findIndex((end) => end !== undefined)
  return first < 0 ? undefined : `${ends[first]} ${text.decode(tokens.slice(0, first + 1))}`
}

describe('where an output ends', () => {
  test('at an end token, whatever the stop texts are', () => {
    const [end] = manifest.eosTokens
    expect(createEndDetector(text, manifest.eosTokens, []).accept(end as number)).toBe('end_token')
    expect(createEndDetector(text, manifest.eosTokens, ['x']).accept(end as number)).toBe('end_token')
  })

  test('at the token that completes a stop text, however many tokens it spans', () => {
    expect(endOf('Call me Ishmael. Some years ago', ['mael. So'])).toMatch(/^stop_text Call me Ishmael\. So/)
    expect(endOf('Call me Ishmael. Some years ago', ['never', 'me'])).toBe('stop_text Call me')
    expect(endOf('Call me Ishmael.', ['whale', ''])).toBeUndefined()
    expect(endOf('Call me Ishmael.', [])).toBeUndefined()
  })

  test('a character whose bytes are spread over tokens stops when it is whole', () => {
    expect(text.encode('🐋').length).toBeGreaterThan(1)
    expect(endOf('the 🐋 dives', ['🐋'])).toBe('stop_text the 🐋')
  })
})
