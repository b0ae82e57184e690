/** Whatever comes, a decoder decodes it or refuses it with a code; malformed-decoders.slow.test.ts runs ten times as much. */
import { afterAll, expect } from 'vitest'
import { BYTE_DECODERS, MESSAGE_DECODERS } from '../support/malformed/byte-decoders.ts'
import { testDecoders } from '../support/malformed/suite.ts'
import { TEXT_DECODERS } from '../support/malformed/text-decoders.ts'
import { createFileDecoders, VALUE_DECODERS } from '../support/malformed/value-decoders.ts'

const FAST = 1_000
const files = createFileDecoders()
afterAll(() => {
  expect(files.strays()).toEqual([])
  files.remove()
})

testDecoders({ name: 'bytes from strangers', decoders: BYTE_DECODERS }, FAST)
testDecoders({ name: 'messages of transactions', decoders: MESSAGE_DECODERS }, FAST / 10)
testDecoders({ name: 'text', decoders: TEXT_DECODERS }, FAST)
testDecoders({ name: 'values between threads', decoders: VALUE_DECODERS }, FAST)
testDecoders({ name: 'files', decoders: files.decoders }, FAST / 2)
