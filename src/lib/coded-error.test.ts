import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CodedError, codedErrorFromJson, errorCode, errorMessage } from './coded-error.ts'

const fields = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.boolean(), fc.integer()))

test('code, message and fields survive JSON', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fields, (code, message, given) => {
      const error = new CodedError(code, message, { fields: given })
      const back = codedErrorFromJson(JSON.parse(JSON.stringify(error)))
      expect(back).toBeInstanceOf(CodedError)
      expect({ ...back.toJSON(), fields: { ...back.fields } }).toEqual({ code, message, fields: { ...given } })
    }),
  )
})

test('the cause is kept, and absent where none was given', () => {
  const cause = new Error('below')
  expect(new CodedError('a', 'b', { cause }).cause).toBe(cause)
  expect(Object.hasOwn(new CodedError('a', 'b'), 'cause')).toBe(false)
})

describe('anything at all', () => {
  const anything = fc.anything({ withBigInt: true, withNullPrototype: true, withSparseArray: true })

  test('from a boundary becomes a coded error', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const error = codedErrorFromJson(value)
        expect(typeof error.code).toBe('string')
        expect(typeof error.message).toBe('string')
      }),
    )
  })

  test('that was thrown has a code and a text', () => {
    fc.assert(
      fc.property(anything, (value) => {
        expect(typeof errorCode(value)).toBe('string')
        expect(typeof errorMessage(value)).toBe('string')
      }),
    )
  })

  test.each([
    ['an object without prototype', Object.create(null)],
    [
      'a text conversion that throws',
      {
        toString: () => {
          throw new RangeError('no')
        },
      },
    ],
    ['a symbol', Symbol('s')],
  ])('%s still has a text', (_name, value) => {
    expect(typeof errorMessage(value)).toBe('string')
  })
})

test('fields that are no plain values are dropped', () => {
  const error = codedErrorFromJson({ code: 'c', message: 'm', fields: { nested: { deep: 1 } } })
  expect(error.fields).toEqual({})
})

test('errorCode', () => {
  expect(errorCode(new CodedError('busy', ''))).toBe('busy')
  expect(errorCode({ code: 'from_json' })).toBe('from_json')
  expect(errorCode(new DOMException('stop', 'AbortError'))).toBe('aborted')
  expect(errorCode(AbortSignal.abort().reason)).toBe('aborted')
  expect(errorCode({ code: 20 })).toBe('unknown')
  expect(errorCode(undefined)).toBe('unknown')
})
