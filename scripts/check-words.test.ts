import { expect, test } from 'vitest'
import { machinePaths } from './check-words.ts'

const slash = '/'

test.each([
  `see ${slash}work/main/a.ts`,
  `"${slash}root/.npmrc"`,
  `cd ${slash}home/ada/x`,
  `${slash}Users/ada`,
  `C:\\Users\\ada`,
  `${slash}tmp/notes/x`,
])('finds %s', (text) => {
  expect(machinePaths(`fine\n${text}`)).toHaveLength(1)
})

test.each([
  '/usr/bin/chromium',
  'https://example.org/home/x',
  '../work/x',
  'src/work/x',
  '/tailrace/heartbeat/1',
  'a /home page',
])('accepts %s', (text) => {
  expect(machinePaths(text)).toEqual([])
})
