import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runNode } from '../../../test/conformance/rpc/running-node.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { RPC_METHODS } from './methods.ts'

test('any body is answered and the node lives on', async () => {
  const node = await runNode()
  const method = fc.oneof(fc.constantFrom(...Object.keys(RPC_METHODS), 'subscribe'), fc.string({ maxLength: 20 }))
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('tx.height=1', "a.b='c'", '1', '0', 'AAAA', '0x00', '/cosmos.auth.v1beta1.Query/Account'),
    fc.bigInt().map(String),
  )
  const name = fc.constantFrom('height', 'hash', 'tx', 'query', 'path', 'data', 'page', 'per_page', 'order_by', 'prove')
  const params = fc.oneof(fc.dictionary(name, value, { maxKeys: 4 }), fc.array(value, { maxLength: 4 }), fc.jsonValue())
  const envelope = fc.record(
    { jsonrpc: fc.constantFrom('2.0', '2.0', '2.0', '1.0'), id: fc.jsonValue(), method, params },
    { requiredKeys: [] },
  )
  const body = fc.oneof(
    envelope.map((entry) => JSON.stringify(entry)),
    fc.array(envelope, { maxLength: 5 }).map((entries) => JSON.stringify(entries)),
    fc.json(),
    fc.string(),
    fc.tuple(envelope, fc.nat({ max: 60 })).map(([entry, cut]) => JSON.stringify(entry).slice(0, cut)),
  )
  const post = async (text: string) => {
    const response = await fetch(node.url, { method: 'POST', body: text })
    const answer = await response.text()
    expect(response.status).toBe(200)
    for (const entry of answer === '' ? [] : [JSON.parse(answer)].flat()) {
      expect(entry.jsonrpc).toBe('2.0')
      expect('result' in entry).not.toBe('error' in entry)
      // Nothing that comes from outside may look like a defect of ours.
      expect(entry.error?.data).not.toBe('internal error')
    }
  }
  await fc.assert(
    fc.asyncProperty(fc.array(body, { minLength: 25, maxLength: 25 }), async (texts) => {
      await Promise.all(texts.map(post))
    }),
    { numRuns: 120 },
  )
  const before = Number((await node.call('status')).result.sync_info.latest_block_height)
  await waitFor('the next block', async () => {
    return Number((await node.call('status')).result.sync_info.latest_block_height) > before
  })
}, 120_000)
