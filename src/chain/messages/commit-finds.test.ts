import { describe, expect, it } from 'vitest'
import {
  ask,
  commitMessage,
  lookForFinds,
  recordOf,
  setActiveMessage,
} from '../../../test/support/chain/chain-duties.ts'
import { createChainHarness, hostNamed, word } from '../../../test/support/chain/chain-harness.ts'
import { decodeAddress } from '../../protocol/address.ts'
import { QueryFindsRequest, QueryFindsResponse } from '../../protocol/gen/tailrace/v1/query.ts'
import type { TypedMessage } from '../../protocol/messages.ts'
import { hasFind } from '../state/races.ts'

const ada = hostNamed('ada')
const bob = hostNamed('bob')

function commit(signer: string, epoch: bigint, nonces: bigint[]): TypedMessage {
  return { typeUrl: '/tailrace.v1.MsgCommitFinds', value: { signer, epoch, nonces } }
}

function findsOf(chain: ReturnType<typeof createChainHarness>, fromIndex: bigint, limit: number): QueryFindsResponse {
  const request = QueryFindsRequest.encode({ epoch: 0n, host: ada.owner.address, fromIndex, limit }).finish()
  return ask(chain, 'Finds', request, QueryFindsResponse)
}

describe('MsgCommitFinds', () => {
  it('adds to the race, commit after commit', () => {
    const chain = createChainHarness({ hosts: [ada, bob] })
    const found = lookForFinds(chain, ada, 6).right
    chain.deliver(ada.device, [commitMessage(chain, ada, found.slice(0, 2))])
    const both = chain.deliver(ada.device, [
      commitMessage(chain, ada, found.slice(2, 3)),
      commitMessage(chain, ada, found.slice(3)),
    ])
    expect(both.code).toBe(0)
    expect(findsOf(chain, 0n, 0)).toEqual({ nonces: found, total: 6n })
    expect(findsOf(chain, 1n, 3)).toEqual({ nonces: found.slice(1, 4), total: 6n })
    expect(findsOf(chain, 6n, 0)).toEqual({ nonces: [], total: 6n })
    expect(recordOf(chain, ada)).toMatchObject({ raceEpoch: 0n, finds: 6n, raceVerdict: 'pending', raceShape: 'dev' })
    const owner = decodeAddress(ada.owner.address)
    expect(found.every((nonce) => hasFind(chain.store, 0, owner, nonce))).toBe(true)
    expect([found[0] as bigint, 2n ** 64n - 1n].map((nonce) => hasFind(chain.store, 0, owner, nonce))).toEqual([
      true,
      false,
    ])
  })

  it('refuses nonces that do not rise, wrong epochs, strangers and those who left', () => {
    const chain = createChainHarness({ hosts: [ada, bob] })
    const { address } = ada.device
    const results = chain.produce([
      chain.sign(ada.device, [commit(address, 0n, [5n, 9n])]),
      chain.sign(ada.device, [commit(address, 0n, [9n, 10n])]),
      chain.sign(ada.device, [commit(address, 0n, [2n])]),
      chain.sign(ada.device, [commit(address, 1n, [20n])]),
      chain.sign(bob.owner, [commit(bob.owner.address, 0n, [1n])]),
      chain.sign(bob.device, [setActiveMessage(bob.device.address, bob, false), commit(bob.device.address, 0n, [1n])]),
    ]).txResults
    expect(results.slice(1).map(word)).toEqual([
      '',
      'nonces_not_increasing',
      'nonces_not_increasing',
      'wrong_epoch',
      'not_a_host',
      'host_inactive',
    ])
    // All or nothing: the switch in the refused transaction did not happen.
    expect(recordOf(chain, bob).active).toBe(true)
    expect(findsOf(chain, 0n, 0).total).toBe(2n)
  })

  it('ends with the race; block P takes none', () => {
    const chain = createChainHarness({ hosts: [ada, bob] })
    const { address } = ada.device
    chain.produceUntil(chain.params.raceLength - 1)
    expect(chain.deliver(ada.device, [commit(address, 0n, [1n])]).code).toBe(0)
    expect(word(chain.deliver(ada.device, [commit(address, 0n, [2n])]))).toBe('wrong_stage')
    chain.produceUntil(chain.params.epochLength - 1)
    expect(word(chain.deliver(ada.device, [commit(address, 1n, [2n])]))).toBe('wrong_epoch')
    expect(chain.deliver(ada.device, [commit(address, 1n, [2n])]).code).toBe(0)
  })
})
