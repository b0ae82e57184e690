/** Ten thousand inputs for every decoder; which decoders, and with what, stands in test/support/malformed. */
import { afterAll, expect } from 'vitest'
import { BYTE_DECODERS, MESSAGE_DECODERS } from '../support/malformed/byte-decoders.ts'
import { testDecoders } from '../support/malformed/suite.ts'
import { TEXT_DECODERS } from '../support/malformed/text-decoders.ts'
import { createFileDecoders, VALUE_DECODERS } from '../support/malformed/value-decoders.ts'

const MANY = 10_000
const files = createFileDecoders()
afterAll(() => {
  expect(files.strays()).toEqual([])
  files.remove()
})

testDecoders({ name: 'bytes from strangers', decoders: BYTE_DECODERS }, MANY)
testDecoders({ name: 'messages of transactions', decoders: MESSAGE_DECODERS }, MANY / 5)
testDecoders({ name: 'text', decoders: TEXT_DECODERS }, MANY)
testDecoders({ name: 'values between threads', decoders: VALUE_DECODERS }, MANY)
testDecoders({ name: 'files', decoders: files.decoders }, MANY)
