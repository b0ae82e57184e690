/** The chain client against the embedded node: the suite that CometBFT passes too, and what only a node of our own shows. */
import { expect, test } from 'vitest'
import { connectChainClient } from '../../../src/chain-client/create-chain-client.ts'
import { errorCode } from '../../../src/lib/coded-error.ts'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import { EMBEDDED } from './embedded-subject.ts'
import { testGenesis } from './network-fixture.ts'
import { REAL_CLOCK } from './real-clock.ts'
import { runNode, TEST_BLOCK_MS } from './running-node.ts'
import { testChainClient, testRestart } from './suites/chain-client-suite.ts'

const never = new AbortController().signal
const COMPONENTS = { clock: REAL_CLOCK, logger: SILENT_LOGGER }

testChainClient(EMBEDDED)
testRestart(EMBEDDED)

test('the parameters are the genesis’ own', async () => {
  const { url } = await runNode()
  const client = await connectChainClient(COMPONENTS, { rpcUrl: url }, never)
  expect(await client.params(never)).toEqual(testGenesis(0, { blockTimeMs: TEST_BLOCK_MS }).params)
  client.close()
})

test('a node that does not answer: chain_unreachable after the retries, at once when aborted', async () => {
  const times = { firstRetryMs: 20, longestRetryMs: 100 }
  const options = { rpcUrl: 'http://127.0.0.1:1', times: { ...times, retryForMs: 100 } }
  await expect(connectChainClient(COMPONENTS, options, never)).rejects.toMatchObject({ code: 'chain_unreachable' })
  const abort = new AbortController()
  const patient = { ...options, times: { retryForMs: 600_000 } }
  const connecting = connectChainClient(COMPONENTS, patient, abort.signal)
  abort.abort()
  expect(errorCode(await connecting.catch((error: unknown) => error))).toBe('aborted')
  await expect(connectChainClient(COMPONENTS, { rpcUrl: 'ftp://x' }, never)).rejects.toMatchObject({
    code: 'invalid_rpc_url',
  })
})
