import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { createLineReader } from './stdin-lines.ts'

test('lines that come at once answer one question each, in order; then there is no answer', async () => {
  const input = new PassThrough()
  const next = createLineReader(input)
  input.write('first line\nsecond')
  expect(await next()).toBe('first line')
  input.end(' line\r\nlast')
  expect(await next()).toBe('second line')
  expect(await next()).toBe('last')
  await expect(next()).rejects.toMatchObject({ code: 'no_answer' })
})
