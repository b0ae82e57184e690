/** Whatever comes, a decoder decodes it or refuses it with a code; malformed-decoders.slow.test.ts runs more, `npm run properties` a million. */
import { afterAll, expect } from 'vitest'
import { BYTE_DECODERS, MESSAGE_DECODERS, TRANSACTIONS } from '../support/malformed/byte-decoders.ts'
import { engineDecoders } from '../support/malformed/engine-decoders.ts'
import { OUTER_DECODERS } from '../support/malformed/outer-decoders.ts'
import { testDecoders } from '../support/malformed/suite.ts'
import { TEXT_DECODERS } from '../support/malformed/text-decoders.ts'
import { createFileDecoders, VALUE_DECODERS } from '../support/malformed/value-decoders.ts'

const FAST = 300
const files = createFileDecoders()
afterAll(() => {
  expect(files.strays()).toEqual([])
  files.remove()
})

testDecoders({ name: 'bytes from strangers', decoders: BYTE_DECODERS }, FAST)
testDecoders({ name: 'messages of transactions', decoders: MESSAGE_DECODERS }, FAST / 3)
testDecoders({ name: 'requests of the engine', decoders: await engineDecoders(TRANSACTIONS) }, FAST)
testDecoders({ name: 'outer edges', decoders: OUTER_DECODERS }, FAST)
testDecoders({ name: 'text', decoders: TEXT_DECODERS }, FAST)
testDecoders({ name: 'values between threads', decoders: VALUE_DECODERS }, FAST)
testDecoders({ name: 'files', decoders: files.decoders }, FAST)
