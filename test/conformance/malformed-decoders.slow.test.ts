/**
 * Two and a half thousand inputs for every decoder; which decoders, and with what, stands in test/support/malformed.
 * `npm run properties -- --transactions 0 --fuzz 1000000` runs a million.
 */
import { afterAll, expect } from 'vitest'
import { BYTE_DECODERS, MESSAGE_DECODERS, TRANSACTIONS } from '../support/malformed/byte-decoders.ts'
import { engineDecoders } from '../support/malformed/engine-decoders.ts'
import { OUTER_DECODERS } from '../support/malformed/outer-decoders.ts'
import { testDecoders } from '../support/malformed/suite.ts'
import { TEXT_DECODERS } from '../support/malformed/text-decoders.ts'
import { createFileDecoders, VALUE_DECODERS } from '../support/malformed/value-decoders.ts'

const MANY = 2_500
const files = createFileDecoders()
afterAll(() => {
  expect(files.strays()).toEqual([])
  files.remove()
})

testDecoders({ name: 'bytes from strangers', decoders: BYTE_DECODERS }, MANY)
testDecoders({ name: 'messages of transactions', decoders: MESSAGE_DECODERS }, MANY)
testDecoders({ name: 'requests of the engine', decoders: await engineDecoders(TRANSACTIONS) }, MANY)
testDecoders({ name: 'outer edges', decoders: OUTER_DECODERS }, MANY)
testDecoders({ name: 'text', decoders: TEXT_DECODERS }, MANY)
testDecoders({ name: 'values between threads', decoders: VALUE_DECODERS }, MANY)
testDecoders({ name: 'files', decoders: files.decoders }, MANY)
