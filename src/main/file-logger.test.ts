import { mkdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempTree } from '../../test/support/temp-tree.ts'
import { errorCode } from '../lib/coded-error.ts'
import { createFileLogger } from './file-logger.ts'

function linesOf(file: string): Record<string, unknown>[] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

test('a line that cannot be written is dropped, counted and told, never thrown', () => {
  const folder = tempTree({})
  const file = join(folder, 'app.log')
  const faults: string[] = []
  const logger = createFileLogger({ folder, name: 'app', onFault: (error) => faults.push(errorCode(error)) })
  // A folder in its place: every write fails.
  mkdirSync(file)
  logger.log('info', 'one')
  logger.child('part').log('error', 'two')
  expect(faults).toEqual(['EISDIR', 'EISDIR'])
  rmdirSync(file)
  logger.log('info', 'three')
  logger.log('info', 'four')
  expect(linesOf(file)).toMatchObject([{ message: 'three', droppedBefore: 2 }, { message: 'four' }])
  expect(linesOf(file)[1]).not.toHaveProperty('droppedBefore')
})

test('the file has a bound: the older half stands beside it', () => {
  const folder = tempTree({})
  const logger = createFileLogger({ folder, name: 'app', maxBytes: 300 })
  for (let i = 0; i < 12; i++) {
    logger.log('info', `line ${i}`)
  }
  const kept = [...linesOf(join(folder, 'app.log.1')), ...linesOf(join(folder, 'app.log'))]
  expect(kept.at(-1)).toMatchObject({ message: 'line 11' })
  expect(kept.length).toBeLessThan(12)
})
