import { describe, expect, it } from 'vitest'
import { ask, epochOf, runRace } from '../../../test/support/chain/chain-duties.ts'
import { actorNamed, createChainHarness, hostNamed, send, signTx } from '../../../test/support/chain/chain-harness.ts'
import { utf8 } from '../../lib/bytes.ts'
import { decodeAddress } from '../../protocol/address.ts'
import {
  QueryHostRequest,
  QueryHostResponse,
  QueryHostsRequest,
  QueryHostsResponse,
  QueryOpeningsRequest,
  QueryOpeningsResponse,
  QueryParamsResponse,
  QueryRandomnessRequest,
  QueryRandomnessResponse,
  QuerySupplyResponse,
} from '../../protocol/gen/tailrace/v1/query.ts'
import { OpenedLeafState } from '../../protocol/gen/tailrace/v1/state.ts'
import { decodeParams } from '../../protocol/params-codec.ts'
import { genesisRandomness } from '../../protocol/randomness.ts'
import { balanceKey, openedLeafKey } from '../state/keys.ts'
import { setRecord } from '../state/records.ts'
import { verifyStateProof } from '../state-tree.ts'

const rich = actorNamed('rich')
const hosts = ['ada', 'bob', 'cleo', 'dan', 'eve'].map(hostNamed)
const NOTHING = new Uint8Array(0)

function createChain(): ReturnType<typeof createChainHarness> {
  return createChainHarness({ hosts, accounts: [{ actor: rich, amount: 1_000n }] })
}

/** Minimal protobuf: one length-delimited field 1, shorter than 128 bytes. */
function field1(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(10, bytes.length, ...bytes)
}

describe('queries of the network', () => {
  it('give parameters, money and randomness', () => {
    const chain = createChain()
    chain.produce()
    const { chainId, paramsJson } = ask(chain, 'Params', NOTHING, QueryParamsResponse)
    expect(chainId).toBe(chain.genesis.chainId)
    expect(decodeParams(paramsJson)).toEqual(chain.params)
    expect(ask(chain, 'Supply', NOTHING, QuerySupplyResponse)).toMatchObject({ genesis: '1000', balances: '1000' })
    const randomness = (height: bigint): Uint8Array =>
      ask(chain, 'Randomness', QueryRandomnessRequest.encode({ height }).finish(), QueryRandomnessResponse).randomness
    expect(randomness(0n)).toEqual(genesisRandomness(chainId))
    expect(randomness(1n)).toHaveLength(32)
    expect(() => randomness(2n)).toThrow('not_found')
  })

  it('say what the next block is part of', () => {
    const chain = createChain()
    const stages = Array.from({ length: chain.params.epochLength + 1 }, () => {
      chain.produce()
      const { stage, epoch } = epochOf(chain)
      return `${epoch} ${stage}`
    })
    const verify = Array.from({ length: 8 }, () => '0 verify')
    expect(stages).toEqual(['0 race', ...verify, '0 serve', '1 seeding', '1 race', '1 race'])
    expect(epochOf(chain)).toMatchObject({ startHeight: 12n, raceEndHeight: 14n, settleHeight: 22n, closeHeight: 23n })
    expect(epochOf(chain).seed).toHaveLength(32)
    expect(epochOf(chain).races.map(({ shape }) => shape)).toEqual(['dev', 'std'])
  })

  it('page through the hosts', () => {
    const chain = createChain()
    const page = (startAfter: string, limit: number): QueryHostsResponse =>
      ask(chain, 'Hosts', QueryHostsRequest.encode({ startAfter, limit }).finish(), QueryHostsResponse)
    const first = page('', 2)
    const second = page(first.next, 2)
    const third = page(second.next, 2)
    const owners = [first, second, third].flatMap((one) => one.hosts.map(({ owner }) => owner))
    expect(new Set(owners)).toEqual(new Set(hosts.map(({ owner }) => owner.address)))
    expect([first.next === '', second.next === '', third.next, third.total]).toEqual([false, false, '', 5])
    expect(page('', 0).hosts).toHaveLength(5)
    expect(first.hosts[0]).toMatchObject({ weight: '1', weightPpm: 200_000n })
    const nobody = QueryHostRequest.encode({ address: rich.address }).finish()
    expect(ask(chain, 'Host', nobody, QueryHostResponse).host).toBeUndefined()
  })
})

describe('opened leaves', () => {
  const LEAVES = 5_003

  /** As openings of many verifiers leave them, in two rounds and an epoch beside. */
  function createChainWithLeaves(): ReturnType<typeof createChainHarness> {
    const chain = createChain()
    const put = (epoch: number, round: number, verifier: number, index: number): void => {
      const leaf = { host: new Uint8Array(20), nonce: BigInt(index), digest: new Uint8Array(32), txHash: '' }
      const key = openedLeafKey(epoch, round, new Uint8Array(20).fill(verifier), index)
      setRecord(chain.store, key, OpenedLeafState, leaf)
    }
    for (let index = 0; index < LEAVES - 3; index++) {
      put(2, 0, index & 63, index)
    }
    for (const index of [0, 1, 2]) {
      put(2, 1, 0, index)
      put(3, 0, 0, index)
    }
    return chain
  }

  it('are paged to the last one, in the order of round, verifier and index', () => {
    const chain = createChainWithLeaves()
    const page = (fromIndex: bigint, limit: number): QueryOpeningsResponse['leaves'] =>
      ask(
        chain,
        'Openings',
        QueryOpeningsRequest.encode({ epoch: 2n, fromIndex, limit }).finish(),
        QueryOpeningsResponse,
      ).leaves
    const first = page(0n, 0)
    expect(first).toHaveLength(5_000)
    expect(page(0n, 1_000_000)).toHaveLength(5_000)
    const rest = page(5_000n, 0)
    expect(rest.map(({ round, index }) => [round, index])).toEqual([
      [1, 0],
      [1, 1],
      [1, 2],
    ])
    const all = [...first, ...rest]
    expect(new Set(all.map(({ round, verifier, index }) => `${round}/${verifier}/${index}`)).size).toBe(LEAVES)
    expect(page(64n, 3)).toEqual(all.slice(64, 67))
    expect(page(BigInt(LEAVES), 0)).toEqual([])
  })
})

describe('Cosmos queries', () => {
  it('know every account, its balance and its sequence', () => {
    const chain = createChain()
    chain.deliver(rich, [send(rich, actorNamed('other'), 1n)])
    const account = (address: string): Uint8Array => {
      const result = chain.app.query('/cosmos.auth.v1beta1.Query/Account', field1(utf8(address)))
      expect(result).toMatchObject({ code: 0, height: 1n })
      return result.value
    }
    // The sequence is field 4 of BaseAccount, absent when it is 0.
    expect([...account(rich.address).slice(-2)]).toEqual([0x20, 1])
    expect([...account(actorNamed('unseen').address).slice(-1)]).not.toEqual([1])
    const balances = chain.app.query('/cosmos.bank.v1beta1.Query/AllBalances', field1(utf8(rich.address)))
    expect(String.fromCharCode(...balances.value)).toContain('utail\u0012\u0003999')
    const simulate = field1(NOTHING)
    expect(chain.app.query('/cosmos.tx.v1beta1.Service/Simulate', simulate)).toMatchObject({ code: 18 })
    const tx = signTx(rich, [send(rich, rich, 1n)], { unsigned: true })
    const request = Uint8Array.of(18, (tx.length & 127) | 128, tx.length >> 7, ...tx)
    expect(chain.app.query('/cosmos.tx.v1beta1.Service/Simulate', request)).toMatchObject({ code: 0 })
  })
})

describe('raw keys', () => {
  it('come with a proof under the app hash of the last block', () => {
    const chain = createChain()
    runRace(chain, [])
    const { appHash } = chain.app.info()
    const [present, absent] = [rich, actorNamed('nobody')].map(({ address }) => balanceKey(decodeAddress(address)))
    const found = chain.app.query('/store/state', present as Uint8Array, { prove: true })
    expect(found.value.at(-1)).toBe(1_000 & 255)
    expect(found.proof).toBeDefined()
    expect(found.proof !== undefined && verifyStateProof(appHash, found.proof)).toBe(true)
    const missing = chain.app.query('/store/state', absent as Uint8Array, { prove: true })
    expect(missing.proof?.value).toBeUndefined()
    expect(missing.proof !== undefined && verifyStateProof(appHash, missing.proof)).toBe(true)
    expect(chain.app.query('/store/state', present as Uint8Array).proof).toBeUndefined()
    expect(chain.app.query('/store/state', new Uint8Array(300)).code).toBe(18)
  })
})

describe('unknown and malformed queries', () => {
  it('have a code and a reason', () => {
    const chain = createChain()
    const junk = Uint8Array.of(255, 255, 255)
    expect(chain.app.query('/no/such/path', junk)).toMatchObject({ code: 6 })
    const paths = ['Host', 'Hosts', 'Finds', 'Assignment', 'Openings', 'Ledger', 'Randomness']
    expect(paths.map((name) => chain.app.query(`/tailrace.v1.Query/${name}`, junk).code)).toEqual(paths.map(() => 18))
    const wrongAddress = QueryHostRequest.encode({ address: 'cosmos1xyz' }).finish()
    expect(chain.app.query('/tailrace.v1.Query/Host', wrongAddress).log).toContain('malformed_query')
    expect(chain.app.query('/tailrace.v1.Query/Host', new Uint8Array(2_000)).code).toBe(18)
  })
})
