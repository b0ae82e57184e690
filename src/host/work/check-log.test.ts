import { expect, test } from 'vitest'
import { CheckLog } from './check-log.ts'

test('the newest 30 stay, the newest first', () => {
  const log = new CheckLog()
  for (let point = 0; point < 40; point++) {
    log.add({ batch: 1n, point, atMs: point, role: 'verifier', executor: 'tail1', verdict: 'pass' })
  }
  expect(log.entries().map(({ point }) => point)).toEqual(Array.from({ length: 30 }, (_, index) => 39 - index))
})
