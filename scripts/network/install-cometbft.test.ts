import { expect, test } from 'vitest'
import { goFault, goVersionOf } from './install-cometbft.ts'

test('reads what `go version` says', () => {
  expect(goVersionOf('go version go1.26.8 linux/amd64')).toEqual([1, 26, 8])
  expect(goVersionOf('go version go1.19 linux/amd64')).toEqual([1, 19, 0])
  expect(goVersionOf('command not found')).toBeUndefined()
})

test('a Go that is missing or too old is refused with what to do', () => {
  expect(goFault([1, 22, 11])).toBeUndefined()
  expect(goFault([1, 26, 0])).toBeUndefined()
  expect(goFault([2, 0, 0])).toBeUndefined()
  expect(goFault([1, 22, 10])).toMatch(/1\.22\.10.*go\.dev.*TAILRACE_COMETBFT/)
  expect(goFault([1, 19, 0])).toMatch(/1\.19\.0/)
  expect(goFault(undefined)).toMatch(/no Go on this machine/)
})
