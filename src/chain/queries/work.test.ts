import { describe, expect, it } from 'vitest'
import { batchOf, createCheckWorld, playUntil, workAndSend } from '../../../test/support/chain/chain-checks.ts'
import { ask } from '../../../test/support/chain/chain-duties.ts'
import type { ChainHarness, HostActor } from '../../../test/support/chain/chain-harness.ts'
import { hostNamed } from '../../../test/support/chain/chain-harness.ts'
import { DEVELOPER, ownerOf, payerOf, sessionNamed, TEST_MODEL } from '../../../test/support/chain/chain-work.ts'
import {
  QueryBatchesRequest,
  QueryBatchesResponse,
  QueryBatchRequest,
  QueryBatchResponse,
  QueryEscrowRequest,
  QueryEscrowResponse,
  QueryEscrowsRequest,
  QueryEscrowsResponse,
  QueryLaneRequest,
  QueryLaneResponse,
  QueryRosterRequest,
  QueryRosterResponse,
  QueryServicesRequest,
  QueryServicesResponse,
  QueryWorkDutiesRequest,
  QueryWorkDutiesResponse,
} from '../../protocol/gen/tailrace/v1/query.ts'

const hosts = ['ada', 'bob', 'cleo', 'dan', 'eve'].map(hostNamed) as [HostActor, ...HostActor[]]
const [ada] = hosts
const sessions = ['one', 'two'].map(sessionNamed) as [ReturnType<typeof sessionNamed>, ReturnType<typeof sessionNamed>]
const [one, two] = sessions

function dutiesOf(chain: ChainHarness, host: HostActor): QueryWorkDutiesResponse {
  const request = QueryWorkDutiesRequest.encode({ host: host.owner.address }).finish()
  return ask(chain, 'WorkDuties', request, QueryWorkDutiesResponse)
}

function batchesFrom(chain: ChainHarness, fromId: bigint, limit: number): bigint[] {
  const request = QueryBatchesRequest.encode({ host: ada.owner.address, fromId, limit }).finish()
  return ask(chain, 'Batches', request, QueryBatchesResponse).batches.map(({ id }) => id)
}

describe('queries of paid work', () => {
  it('give escrows by session and by owner, lanes, services', () => {
    const world = createCheckWorld(hosts, sessions)
    const { chain } = world
    const { tree } = workAndSend(world, one, ada, 2)
    const escrow = QueryEscrowRequest.encode({ payer: payerOf(one) }).finish()
    const known = ask(chain, 'Escrow', escrow, QueryEscrowResponse)
    expect(known).toMatchObject({ available: 9_000n - tree.message.sum, escrow: { deposited: 10_000n } })
    const nobody = QueryEscrowRequest.encode({ payer: new Uint8Array(20) }).finish()
    expect(ask(chain, 'Escrow', nobody, QueryEscrowResponse)).toEqual({ escrow: undefined, available: 0n })
    const short = QueryEscrowRequest.encode({ payer: new Uint8Array(19) }).finish()
    expect(() => ask(chain, 'Escrow', short, QueryEscrowResponse)).toThrow('malformed_query')
    const owned = QueryEscrowsRequest.encode({ owner: DEVELOPER.address }).finish()
    const payers = ask(chain, 'Escrows', owned, QueryEscrowsResponse).escrows.map(({ payer }) => payer)
    expect(new Set(payers.map(String))).toEqual(new Set([payerOf(one), payerOf(two)].map(String)))
    const lane = QueryLaneRequest.encode({ payer: payerOf(one), executor: ada.owner.address }).finish()
    const sequence = tree.works.at(-1)?.order.order.sequence
    expect(ask(chain, 'Lane', lane, QueryLaneResponse)).toEqual({ accepted: tree.message.sum, sequence })
    const services = QueryServicesRequest.encode({ host: ada.owner.address }).finish()
    expect(ask(chain, 'Services', services, QueryServicesResponse).services).toMatchObject([
      { reputationPpm: 0n, checkPpm: 1_000_000n, service: { model: TEST_MODEL.id, receipts: 2n } },
    ])
    const roster = QueryRosterRequest.encode({ model: 'tail/none', height: 0n }).finish()
    expect(ask(chain, 'Roster', roster, QueryRosterResponse).roster).toBeUndefined()
  })

  it('page through batches', () => {
    const world = createCheckWorld(hosts, sessions)
    for (let count = 0; count < 4; count++) {
      workAndSend(world, one, ada, 1)
    }
    expect(batchesFrom(world.chain, 0n, 0)).toEqual([1n, 2n, 3n, 4n])
    expect(batchesFrom(world.chain, 2n, 2)).toEqual([2n, 3n])
    expect(batchesFrom(world.chain, 5n, 2)).toEqual([])
    const unknown = QueryBatchRequest.encode({ id: 9n }).finish()
    expect(ask(world.chain, 'Batch', unknown, QueryBatchResponse)).toEqual({ batch: undefined, checks: [] })
  })

  it('say who has to do what now: the executor opens, then its verifiers check, then nobody', () => {
    const world = createCheckWorld(hosts, sessions)
    const { chain } = world
    const sent = workAndSend(world, one, ada, 1)
    chain.produceUntil(chain.height + 2)
    const [check] = batchOf(chain, sent.id).checks
    expect(check?.state).toBe('drawn')
    expect(dutiesOf(chain, ada).openings.map(({ point }) => point)).toContain(check?.point)
    const verifier = hosts.find((host) => String(ownerOf(host)) === String(check?.checkers[0]?.host))
    if (verifier === undefined) {
      throw new Error('no verifier')
    }
    expect(dutiesOf(chain, verifier).checks).toEqual([])
    playUntil(chain, hosts, sent, ['opened'], { report: () => undefined })
    expect(dutiesOf(chain, ada).openings).toEqual([])
    expect(dutiesOf(chain, verifier).checks.map(({ batch }) => batch)).toContain(sent.id)
    playUntil(chain, hosts, sent, ['passed'])
    for (const host of hosts) {
      expect(dutiesOf(chain, host)).toEqual({ openings: [], checks: [], demands: [], rulings: [] })
    }
  })
})
