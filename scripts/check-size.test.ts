import { describe, expect, test } from 'vitest'
import { tempTree } from '../test/support/temp-tree.ts'
import { checkSizes } from './check-size.ts'

const lines = (count: number): string => '// a line\n'.repeat(count)
const functionOf = (count: number, head = 'function long() {'): string =>
  `${head}\n${'  step()\n'.repeat(count - 2)}}\n`

describe('checkSizes', () => {
  test('accepts what is at the limits and reports the median of src', () => {
    const root = tempTree({
      'src/lib/a.ts': lines(500),
      'src/lib/b.ts': functionOf(60),
      'src/lib/c.ts': lines(100),
      'src/lib/c.test.ts': lines(600),
      'shaders/a.wgsl': lines(250),
    })
    expect(checkSizes(root)).toEqual({ problems: [], medianLines: 100, files: 5 })
  })

  test.each([
    ['src/lib/a.ts', lines(501), 'src/lib/a.ts: 501 lines, at most 500'],
    ['src/lib/a.test.ts', lines(601), 'src/lib/a.test.ts: 601 lines, at most 600'],
    ['shaders/a.wgsl', lines(251), 'shaders/a.wgsl: 251 lines, at most 250'],
    ['src/lib/a.ts', functionOf(61), 'src/lib/a.ts:1: long has 61 lines, at most 60'],
    ['src/lib/a.ts', functionOf(61, 'const long = () => {'), 'src/lib/a.ts:1: long has 61 lines, at most 60'],
    [
      'src/lib/a.test.ts',
      functionOf(61, "test('x', () => {"),
      'src/lib/a.test.ts:1: this function has 61 lines, at most 60',
    ],
    ['src/lib/aB.ts', '', 'src/lib/aB.ts: the name is not kebab-case'],
    ['src/lib/index.ts', '', 'src/lib/index.ts: no index files, name it after the thing inside'],
  ])('refuses in %s what is over its limit', (path, text, problem) => {
    expect(checkSizes(tempTree({ [path]: text })).problems).toEqual([problem])
  })

  test('lets a describe be long, and generated code be anything', () => {
    const root = tempTree({
      'src/lib/a.test.ts': `${functionOf(200, "describe('x', () => {").trimEnd()})\n`,
      'test/conformance/b.ts': `export function suite() {\n  describe('x', () => {\n${'    step()\n'.repeat(100)}  })\n}\n`,
      'src/protocol/gen/bigFile.ts': lines(5_000),
    })
    expect(checkSizes(root).problems).toEqual([])
  })

  test('counts the files of a folder without its tests', () => {
    const files = Array.from({ length: 21 }, (_, index) => [`src/lib/file-${index}.ts`, ''] as const)
    const tests = files.map(([path]) => [path.replace('.ts', '.test.ts'), ''] as const)
    const full = tempTree(Object.fromEntries([...files.slice(1), ...tests]))
    expect(checkSizes(full).problems).toEqual([])
    const over = tempTree(Object.fromEntries(files))
    expect(checkSizes(over).problems).toEqual(['src/lib/: 21 files, at most 20 (tests not counted)'])
  })
})
