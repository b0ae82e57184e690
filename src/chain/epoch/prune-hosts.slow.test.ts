import { describe, expect, it } from 'vitest'
import { ask, lookForFinds, recordOf, registerMessage, runEpoch } from '../../../test/support/chain/chain-duties.ts'
import { createChainHarness, hostNamed } from '../../../test/support/chain/chain-harness.ts'
import { decodeAddress } from '../../protocol/address.ts'
import { QueryHostsRequest, QueryHostsResponse } from '../../protocol/gen/tailrace/v1/query.ts'
import { ledgerRange } from '../state/keys.ts'

const ada = hostNamed('ada')
const bob = hostNamed('bob')
const eve = hostNamed('eve')
const dust = hostNamed('dust')

describe('a host that earns nothing', () => {
  it('is forgotten after three epochs and may register again; who earned once stays', { timeout: 120_000 }, () => {
    const chain = createChainHarness({ hosts: [ada, bob] })
    for (const host of [dust, eve]) {
      const stamp = lookForFinds(chain, host, 1).right[0] as bigint
      expect(chain.deliver(host.owner, [registerMessage(chain, host, stamp)]).log).toBe('')
    }
    runEpoch(chain, [])
    runEpoch(
      chain,
      [ada, bob, eve].map((host) => ({ host, finds: 20 })),
    )
    expect(recordOf(chain, eve).raceVerdict).toBe('verified')
    chain.produceUntil(4 * chain.params.epochLength - 2)
    expect(recordOf(chain, dust).weight).toBe('0')
    chain.produce()
    const { hosts, total } = ask(
      chain,
      'Hosts',
      QueryHostsRequest.encode({ startAfter: '', limit: 0 }).finish(),
      QueryHostsResponse,
    )
    const left = hosts.map(({ owner }) => owner)
    expect(left.sort()).toEqual([ada, bob, eve].map(({ owner }) => owner.address).sort())
    expect(total).toBe(3)
    const { from, to } = ledgerRange(decodeAddress(dust.owner.address))
    expect([...chain.store.range(from, to)]).toEqual([])
    chain.produce()
    const stamp = lookForFinds(chain, dust, 1).right[0] as bigint
    expect(chain.deliver(dust.owner, [registerMessage(chain, dust, stamp)]).log).toBe('')
  })
})
