import { expect, test } from 'vitest'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { RpcDispatcher } from './dispatcher.ts'
import type { RpcBackend } from './rpc-method.ts'

test('a batch lets others have their turn between its requests', async () => {
  // `health` asks nothing of the node.
  const dispatcher = new RpcDispatcher({} as RpcBackend, SILENT_LOGGER)
  const batch = JSON.stringify([1, 2, 3].map((id) => ({ jsonrpc: '2.0', id, method: 'health' })))
  let turns = 0
  let isDone = false
  const count = () => {
    turns += 1
    if (!isDone) {
      setImmediate(count)
    }
  }
  const answering = dispatcher.answerBody(batch, new AbortController().signal)
  setImmediate(count)
  expect(JSON.parse(await answering)).toHaveLength(3)
  isDone = true
  expect(turns).toBeGreaterThanOrEqual(2)
})
