import { describe, expect, test } from 'vitest'
import { tempTree } from '../test/support/temp-tree.ts'
import { checkDocs, declaredNames, layerTable, withTable } from './check-docs.ts'

const ROWS = [
  { folders: ['lib'], ownText: '—', platformText: 'nothing' },
  { folders: ['main', 'cli'], ownText: 'all', platformText: '`node:*`' },
]

const ARCHITECTURE = `# Architecture
1. \`src/chain/apply-block.ts:applyBlock\` calls \`chain/apply-block.ts:Ledger.credit()\`
2. \`shaders/gemm.wgsl:multiply\`
<!-- layers:begin -->
<!-- layers:end -->
`

const FILES = {
  'README.md': '# Tailrace\nSee `src/chain/apply-block.ts` and `src/chain/messages/<name>.ts`.\n',
  'CONTRIBUTING.md': '# Contributing\n',
  'ARCHITECTURE.md': withTable(ARCHITECTURE, layerTable(ROWS)),
  'scripts/layers.json': JSON.stringify({ rows: ROWS }),
  'src/chain/apply-block.ts': 'export function applyBlock() {}\nexport class Ledger { credit(): void {} }\n',
  'shaders/gemm.wgsl': 'fn multiply(a: u32) -> u32 { return a; }\n',
}

function problemsWith(changes: Readonly<Record<string, string>>): string[] {
  return checkDocs(tempTree({ ...FILES, ...changes }))
}

describe('checkDocs', () => {
  test('accepts documents that agree with the tree', () => {
    expect(problemsWith({})).toEqual([])
  })

  test.each([
    [
      'a file that is gone',
      'src/chain/apply-block.ts',
      'src/chain/gone.ts',
      'src/chain/gone.ts:applyBlock: the file does not exist',
    ],
    [
      'a function that is gone',
      'applyBlock`',
      'applyTx`',
      'src/chain/apply-block.ts:applyTx: the file does not declare that name',
    ],
    [
      'a method that is gone',
      'Ledger.credit',
      'Ledger.debit',
      'chain/apply-block.ts:Ledger.debit: the file does not declare that name',
    ],
    ['a shader function that is gone', 'multiply', 'add', 'shaders/gemm.wgsl:add: the file does not declare that name'],
  ])('refuses a trace with %s', (_, before, after, problem) => {
    const text = FILES['ARCHITECTURE.md'].replace(before, after)
    expect(problemsWith({ 'ARCHITECTURE.md': text })).toContain(`ARCHITECTURE.md: ${problem}`)
  })

  test('refuses a table that is not the one of the rules', () => {
    const text = FILES['ARCHITECTURE.md'].replace('| lib | — |', '| lib | protocol |')
    expect(problemsWith({ 'ARCHITECTURE.md': text })).toEqual([
      'ARCHITECTURE.md: the import table is not that of scripts/layers.json (node scripts/check-docs.ts --write)',
    ])
  })

  test('refuses documents that are too long, missing, or name a path that is not there', () => {
    const problems = problemsWith({ 'README.md': 'x\n'.repeat(151), 'CONTRIBUTING.md': 'See `src/nowhere/a.ts`.' })
    expect(problems).toEqual(['README.md: 151 lines, at most 150', 'CONTRIBUTING.md: src/nowhere/a.ts does not exist'])
    expect(checkDocs(tempTree({}))).toEqual([
      'README.md: missing',
      'ARCHITECTURE.md: missing',
      'CONTRIBUTING.md: missing',
    ])
  })

  test('refuses an architecture without any trace', () => {
    const text = withTable('<!-- layers:begin -->\n<!-- layers:end -->\n', layerTable(ROWS))
    expect(problemsWith({ 'ARCHITECTURE.md': text })).toEqual([
      'ARCHITECTURE.md: no trace entry of the form `path/file.ts:name`',
    ])
  })
})

test('declaredNames sees functions, constants, types, methods and functions in objects', () => {
  const text = `
    export const apply = () => 1
    export interface Port { send(): void }
    const handlers = { onTx: () => 1, plain: 2 }
    class A { #secret = 1; run() {} }
  `
  const names = declaredNames('a.ts', text)
  for (const name of ['apply', 'Port', 'Port.send', 'handlers.onTx', 'A.run', 'run']) expect(names).toContain(name)
  expect(names).not.toContain('plain')
})
