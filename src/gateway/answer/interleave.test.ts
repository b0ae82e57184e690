import { expect, test } from 'vitest'
import { interleave } from './interleave.ts'

async function* from(items: readonly string[], log: string[] = [], name = ''): AsyncGenerator<string> {
  try {
    for (const item of items) {
      log.push(`${name}${item}`)
      yield item
    }
  } finally {
    log.push(`${name}end`)
  }
}

test('everything of every source, each in its order', async () => {
  const seen: string[] = []
  for await (const item of interleave([from(['a1', 'a2', 'a3']), from([]), from(['b1'])])) {
    seen.push(item)
  }
  expect(seen.filter((item) => item.startsWith('a'))).toEqual(['a1', 'a2', 'a3'])
  expect(seen).toContain('b1')
  expect(seen).toHaveLength(4)
})

test('one item of each source ahead, no more', async () => {
  const log: string[] = []
  const merged = interleave([from(['1', '2', '3'], log, 'a'), from(['1', '2', '3'], log, 'b')])
  await merged.next()
  expect(log).toEqual(['a1', 'b1'])
  await merged.next()
  expect(log.length).toBeLessThanOrEqual(3)
  await merged.return(undefined)
  expect(log).toContain('aend')
  expect(log).toContain('bend')
})

test('an error of one source is thrown, and the others are ended', async () => {
  const log: string[] = []
  const failing = (async function* () {
    yield 'x'
    throw new Error('broken')
  })()
  const reading = async () => {
    for await (const _item of interleave([from(['1', '2', '3', '4', '5', '6'], log, 'a'), failing])) {
      // Read until it breaks.
    }
  }
  await expect(reading()).rejects.toThrow('broken')
  expect(log.at(-1)).toBe('aend')
})

test('a source that never answers does not keep the stream from ending', async () => {
  const silent: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => undefined),
      return: () => new Promise(() => undefined),
    }),
  }
  const merged = interleave([silent, from(['1'])])
  expect(await merged.next()).toEqual({ done: false, value: '1' })
  expect((await merged.return(undefined)).done).toBe(true)
})
