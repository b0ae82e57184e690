import { expect, test } from 'vitest'
import { measureChain } from './measure-chain.ts'
import { chainOptionsOf } from './options.ts'

// Sizes of nothing: that each section runs and says what it is meant to. Times are nobody's business here.
test('every section but the flood runs and reports', async () => {
  const seen: string[] = []
  const report = await measureChain(chainOptionsOf(['--quick']), (section) => seen.push(section))
  expect(seen).toEqual(['batches', 'transactions', 'blocks', 'appHash', 'snapshots', 'power', 'signatures'])
  expect(report.batches.map(({ batch, payers, points }) => [batch, payers, points])).toEqual([
    [1, 2, 1],
    [4, 2, 1],
  ])
  expect(report.batches.every(({ bytes }) => bytes > 0)).toBe(true)
  expect(report.transactions.map(({ kind, signatures }) => `${kind} ${signatures}`)).toEqual([
    'send node',
    'send noble',
    'duty node',
    'duty noble',
  ])
  const stages = report.blocks[0]?.stages.map(({ stage }) => stage)
  expect(stages).toEqual(expect.arrayContaining(['race commits', 'verification roots', 'settle', 'close']))
  expect(report.appHash[0]?.hashesPerChange).toBeGreaterThan(3)
  expect(report.snapshots[0]?.snapshotBytes).toBeGreaterThan(0)
  expect(report.power).toHaveLength(1)
  expect(report.signatures?.different).toBe(0)
  expect(report.flood).toBeUndefined()
})
