import { describe, expect, test } from 'vitest'
import { errorCode } from '../../lib/coded-error.ts'
import { expandShader } from './expand-shader.ts'

function refusal(template: string, sizes: Record<string, number> = {}): string {
  try {
    expandShader(template, sizes)
    return 'none'
  } catch (error) {
    return errorCode(error)
  }
}

describe('a shader template', () => {
  test('repeats lines for numbers and for words, one within the other', () => {
    const template = 'a\n//! for q in 0..rows\n  //! for e in x y\n  s_#q#_#e# += #q#u;\n  //! end\n//! end\nb'
    expect(expandShader(template, { rows: 2 }).split('\n')).toEqual([
      'a',
      '  s_0_x += 0u;',
      '  s_0_y += 0u;',
      '  s_1_x += 1u;',
      '  s_1_y += 1u;',
      'b',
    ])
  })

  test('knows sizes by name anywhere, numbers as bounds, and leaves everything else as it is', () => {
    expect(expandShader('const ROWS = #rows#u; // 100 % #', { rows: 8 })).toBe('const ROWS = 8u; // 100 % #')
    expect(expandShader('//! for i in 0..3\n#i#\n//! end', {})).toBe('0\n1\n2')
    expect(expandShader('//! for i in 0..0\n#i#\n//! end\nx', {})).toBe('x')
  })

  test('is refused by code for what it cannot mean', () => {
    expect(refusal('#rows#')).toBe('invalid_shader')
    expect(refusal('//! for q in 0..rows\n//! end')).toBe('invalid_shader')
    expect(refusal('//! for q in 0..2')).toBe('invalid_shader')
    expect(refusal('//! end')).toBe('invalid_shader')
    expect(refusal('//! repeat\n//! end')).toBe('invalid_shader')
    const much = '//! for a in 0..1000\n//! for b in 0..1000\nx\n//! end\n//! end'
    expect(refusal(much)).toBe('invalid_shader')
  })
})
