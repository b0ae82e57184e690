import { describe, expect, test } from 'vitest'
import type { TuningStore } from './tuning-cache.ts'
import { MAX_ENTRIES, TuningCache } from './tuning-cache.ts'

function storeOf(contents?: string): TuningStore & { contents: string | undefined } {
  const store = {
    contents,
    read: async () => store.contents,
    write: async (text: string) => {
      store.contents = text
    },
  }
  return store
}

describe('remembered tunings', () => {
  test('are found again by the next worker', async () => {
    const store = storeOf()
    await new TuningCache(store).keep('this device', 'a name')
    expect(await new TuningCache(store).find('this device')).toBe('a name')
    expect(await new TuningCache(store).find('another')).toBeUndefined()
    expect(await new TuningCache().find('this device')).toBeUndefined()
  })

  test('are bounded: the oldest go first, a choice made again is young', async () => {
    const store = storeOf()
    const cache = new TuningCache(store)
    for (let index = 0; index < MAX_ENTRIES; index++) {
      await cache.keep(`device ${index}`, 'a name')
    }
    await cache.keep('device 0', 'another name')
    await cache.keep('one more', 'a name')
    expect(await cache.find('device 0')).toBe('another name')
    expect(await cache.find('device 1')).toBeUndefined()
    expect(JSON.parse(store.contents ?? '').tunings).toHaveLength(MAX_ENTRIES)
  })

  test('that are damaged, foreign or unreadable count as none, and can be written anew', async () => {
    const many = { tunings: Array.from({ length: MAX_ENTRIES + 1 }, () => ({ key: 'k', name: 'n' })) }
    const foreign = [
      '',
      '{',
      '[]',
      '{"tunings":[{"key":1,"name":"n"}]}',
      JSON.stringify(many),
      `"${'x'.repeat(70_000)}"`,
    ]
    for (const contents of foreign) {
      const store = storeOf(contents)
      const cache = new TuningCache(store)
      expect(await cache.find('k')).toBeUndefined()
      await cache.keep('k', 'n')
      expect(await new TuningCache(store).find('k')).toBe('n')
    }
    const refusing: TuningStore = {
      read: () => Promise.reject(new DOMException('no storage here', 'SecurityError')),
      write: () => Promise.reject(new DOMException('no storage here', 'SecurityError')),
    }
    const cache = new TuningCache(refusing)
    await cache.keep('k', 'n')
    expect(await cache.find('k')).toBe('n')
  })
})
