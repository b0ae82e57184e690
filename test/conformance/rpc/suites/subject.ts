/** What the suites of an RPC run against: the embedded node, or CometBFT with our application. */

import type { TestKey } from '../network-fixture.ts'
import { testKey } from '../network-fixture.ts'
import type { RpcAnswer } from '../running-node.ts'

export interface RpcSubject {
  /** A node that makes blocks. Tests may share one: they find what others left, so each uses accounts of its own. */
  start(): Promise<SubjectNode>
}

export interface SubjectNode {
  readonly url: string
  readonly webSocketUrl: string
  readonly chainId: string
  /** Has a million TAIL in the genesis, and no other test sends with it at the same time. */
  readonly developer: TestKey
  /** One JSON-RPC call; the whole response object. */
  call(method: string, params?: unknown): Promise<RpcAnswer>
  /** Stops the node, does this, and starts it again on the same address. */
  restart(whileAway: () => Promise<void>): Promise<void>
}

export async function callRpc(url: string, method: string, params?: unknown): Promise<RpcAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 7, method, ...(params === undefined ? {} : { params }) }),
  })
  return (await response.json()) as RpcAnswer
}

let names = 0

/** An account that nobody has used. */
export function freshKey(name: string): TestKey {
  names += 1
  return testKey(`${name} ${names} of ${process.pid}`)
}
