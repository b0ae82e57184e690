import { expect, onTestFinished, test } from 'vitest'
import { ScriptedNode } from '../../test/conformance/rpc/scripted-node.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { fromHex } from '../lib/bytes.ts'
import { errorCode } from '../lib/coded-error.ts'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import type { OpenedLeaf } from '../protocol/gen/tailrace/v1/query.ts'
import { QueryOpeningsRequest, QueryOpeningsResponse } from '../protocol/gen/tailrace/v1/query.ts'
import { CLIENT_LIMITS } from './client-limits.ts'
import { connectChainClient } from './create-chain-client.ts'

const never = new AbortController().signal

/** A client of a node that answers the openings query with whatever `leavesAt` gives. */
async function clientOf(leavesAt: (request: QueryOpeningsRequest) => readonly OpenedLeaf[]) {
  const node = new ScriptedNode()
  const asked: QueryOpeningsRequest[] = []
  const answer: typeof fetch = async (url, init) => {
    const { id, method, params } = JSON.parse(String(init?.body))
    if (method !== 'abci_query' || params.path !== '/tailrace.v1.Query/Openings') {
      return node.fetch(url, init)
    }
    const request = QueryOpeningsRequest.decode(fromHex(params.data))
    asked.push(request)
    const leaves = [...leavesAt(request)]
    const value = Buffer.from(QueryOpeningsResponse.encode({ leaves }).finish()).toString('base64')
    return new Response(JSON.stringify({ jsonrpc: '2.0', id, result: { response: { code: 0, value, height: '1' } } }))
  }
  const components = { clock: new VirtualClock(), logger: SILENT_LOGGER, fetch: answer }
  const client = await connectChainClient(components, { rpcUrl: 'http://scripted/' }, never)
  onTestFinished(() => client.close())
  return { client, asked }
}

function leaf(index: number): OpenedLeaf {
  return { round: 0, verifier: 'v', index, host: 'h', nonce: 1n, digest: new Uint8Array(0) }
}

function leaves(count: number): OpenedLeaf[] {
  return Array.from({ length: count }, (_, index) => leaf(index))
}

test('openings are read to the end, however many pages they take', async () => {
  const all = leaves(2 * CLIENT_LIMITS.openingsPerPage + 3)
  const { client, asked } = await clientOf(({ fromIndex, limit }) =>
    all.slice(Number(fromIndex), Number(fromIndex) + limit),
  )
  const indices = (await client.openings(7n, never)).map(({ index }) => index)
  expect(indices).toEqual(all.map(({ index }) => index))
  expect(asked.map(({ epoch, fromIndex }) => [epoch, fromIndex])).toEqual([
    [7n, 0n],
    [7n, 5_000n],
    [7n, 10_000n],
  ])
})

test('a last page that is full is followed by an empty one', async () => {
  const all = leaves(CLIENT_LIMITS.openingsPerPage)
  const { client, asked } = await clientOf(({ fromIndex }) => all.slice(Number(fromIndex)))
  expect(await client.openings(0n, never)).toHaveLength(all.length)
  expect(asked).toHaveLength(2)
})

test('a node cannot send pages without end, nor longer ones than asked for', async () => {
  const page = leaves(CLIENT_LIMITS.openingsPerPage)
  const endless = await clientOf(() => page)
  expect(errorCode(await endless.client.openings(0n, never).catch((error: unknown) => error))).toBe('malformed_answer')
  expect(endless.asked).toHaveLength(CLIENT_LIMITS.openingsPages)
  const long = await clientOf(() => [...page, leaf(0)])
  expect(errorCode(await long.client.openings(0n, never).catch((error: unknown) => error))).toBe('malformed_answer')
})
