import { expect, test } from 'vitest'
import { z } from 'zod'
import { schemaVerdict } from './schema-verdict.ts'

const HOSTILE = JSON.parse('{"length":{"toString":1,"valueOf":1}}') as unknown
const SCHEMAS: readonly z.ZodType[] = [
  z.string().max(64),
  z.string().min(1),
  z.string().length(4),
  z.array(z.unknown()).max(3),
  z.union([z.string().max(64), z.int()]),
]

test('what the library throws on is refused like anything else that does not fit', () => {
  for (const schema of SCHEMAS) {
    expect(schemaVerdict(schema, HOSTILE).success).toBe(false)
    expect(schemaVerdict(z.object({ field: schema }), { field: HOSTILE }).success).toBe(false)
  }
})

test('everything else is as the schema says', () => {
  expect(schemaVerdict(z.string().max(3), 'abc')).toMatchObject({ success: true, data: 'abc' })
  const verdict = schemaVerdict(z.object({ name: z.string().max(3) }), { name: 'abcd' })
  expect(verdict.error?.issues[0]?.path).toEqual(['name'])
})
