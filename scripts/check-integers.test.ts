import { describe, expect, test } from 'vitest'
import { tempTree } from '../test/support/temp-tree.ts'
import { checkIntegers } from './check-integers.ts'

const TSCONFIG = JSON.stringify({
  compilerOptions: { target: 'ES2024', lib: ['ES2024'], types: [], strict: true, module: 'preserve' },
  include: ['./**/*.ts'],
  exclude: ['./**/*.test.ts'],
})

function check(text: string, pure = true): string[] {
  const root = tempTree({ 'tsconfig.json': TSCONFIG, 'a.ts': text, 'a.test.ts': 'export const half = 1 / 2' })
  return checkIntegers(root, { pure }, root)
}

describe('checkIntegers', () => {
  test('accepts integers and everything that bigints do', () => {
    const text = `
      export function share(total: bigint, parts: readonly bigint[]): bigint {
        return total / (parts[0] ?? 1n) + 2n ** 64n
      }
      export const product = (a: number, b: number): number => (Math.imul(a, b) >>> 3) % 7
      export const mask = 2 ** 32 - 1 + 0xffff_ffff
      export type Later = Promise<Date>
      const Date = 5
      export const own = Date + 1
      const big = 10n
      export const assigned = (value: bigint): bigint => { let v = value; v /= big; return v }
    `
    expect(check(text)).toEqual([])
  })

  test.each([
    ['export const half = (a: number) => a / 2', '/ on number'],
    ['export const half = (a: number) => { let b = a; b /= 2; return b }', '/= on number'],
    ['export const mixed = (a: any) => a / 2n', '/ on number'],
    ['export const power = (a: number) => a ** 2', '** on number'],
    ['export const r = Math.floor(3)', 'Math.floor'],
    ["export const r = Math['random']()", 'Math.random'],
    ['export const { floor } = Math', 'Math as a value'],
    ['export const x = 0.5', 'decimal or exponent 0.5'],
    ['export const x = 1e18', 'decimal or exponent 1e18'],
    ['export const x = 9007199254740993', '9007199254740993 is beyond 2^53'],
    ["export const x = Number.parseFloat('1')", '.parseFloat'],
    ["export const x = parseFloat('1')", 'parseFloat'],
    ["export const x = +'1.5'", 'unary + parses decimals'],
    ['export const x = new Float32Array(1)', 'Float32Array'],
    ['export const x = (view: DataView) => view.getFloat64(0)', '.getFloat64'],
    ['export const x = Infinity', 'Infinity'],
  ])('refuses %s', (text, problem) => {
    expect(check(text, false)).toEqual([`a.ts:1: ${problem}`])
  })

  test.each([
    ['export const x = Date.now()', 'Date'],
    ['export const x = async (): Promise<number> => 1', 'async function'],
    ['export async function x(): Promise<number> { return 1 }', 'async function'],
    ['export const x = Promise.resolve(1)', 'Promise'],
    ["export const x = 'a'.localeCompare('b')", '.localeCompare'],
  ])('refuses %s in the state machine alone', (text, problem) => {
    expect(check(text, true)).toEqual([`a.ts:1: ${problem}`])
    expect(check(text, false)).toEqual([])
  })

  test('a folder without a tsconfig is an error, not a pass', () => {
    const root = tempTree({ 'a.ts': '' })
    expect(() => checkIntegers(root, { pure: true }, root)).toThrow()
  })
})
