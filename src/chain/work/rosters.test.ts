import { describe, expect, it } from 'vitest'
import { ask, lookForFinds, registerMessage, setActiveMessage } from '../../../test/support/chain/chain-duties.ts'
import type { ChainHarness } from '../../../test/support/chain/chain-harness.ts'
import { createChainHarness, hostNamed, word } from '../../../test/support/chain/chain-harness.ts'
import {
  batchMessage,
  createWorkbench,
  createWorkChain,
  ownerOf,
  priceNow,
  serveMessage,
  serviceOf,
  sessionNamed,
  TEST_MODEL,
  WORK_PARAMS,
} from '../../../test/support/chain/chain-work.ts'
import { QueryModelsResponse, QueryRosterRequest, QueryRosterResponse } from '../../protocol/gen/tailrace/v1/query.ts'
import type { RosterState } from '../../protocol/gen/tailrace/v1/state.ts'
import { Duty } from '../../protocol/gen/tailrace/v1/tx.ts'
import { LOCAL_SERVING_PARAMS } from '../../protocol/work/serving-params.ts'
import { updateHost } from '../state/hosts.ts'
import { pruneRosters, readRoster, writeRoster } from '../state/work/rosters.ts'
import { updateService } from '../state/work/services.ts'

const hosts = ['ada', 'bob', 'cleo'].map(hostNamed) as [Host, Host, Host]
type Host = ReturnType<typeof hostNamed>
const [ada, bob, cleo] = hosts
const BLOCKS = LOCAL_SERVING_PARAMS.rosterBlocks

function rosterAt(chain: ChainHarness, height = 0): RosterState | undefined {
  const request = QueryRosterRequest.encode({ model: TEST_MODEL.id, height: BigInt(height) }).finish()
  return ask(chain, 'Roster', request, QueryRosterResponse).roster
}

function namesOf(roster: RosterState | undefined): string[] {
  const named = (roster?.entries ?? []).map(({ host }) =>
    hosts.find((one) => ownerOf(one).every((byte, index) => byte === host[index])),
  )
  return named.map((host) => host?.owner.name ?? 'somebody').sort()
}

/** The roster after a change, when it may next be written. */
function rosterAfter(chain: ChainHarness): string[] {
  chain.produceUntil(chain.height + BLOCKS)
  return namesOf(rosterAt(chain))
}

describe('a roster', () => {
  it('names who can be drawn, in address order, with weight, class and reputation', () => {
    const chain = createWorkChain({ hosts })
    const roster = rosterAt(chain)
    expect(namesOf(roster)).toEqual(['ada', 'bob', 'cleo'])
    const [first] = roster?.entries ?? []
    expect(first).toMatchObject({ weight: '1', numericClass: 'fp32-wasm', reputationPpm: 0n })
    const addresses = roster?.entries.map(({ host }) => Buffer.from(host).toString('hex'))
    expect(addresses).toEqual([...(addresses ?? [])].sort())
    expect(ask(chain, 'Models', new Uint8Array(0), QueryModelsResponse).models).toMatchObject([
      { id: TEST_MODEL.id, price: TEST_MODEL.price, hosts: 3, contextTokens: 256 },
    ])
  })

  it('loses who leaves, stops serving, is convicted, has no weight or lets its key expire; and only where it changed is it written', () => {
    const chain = createWorkChain({ hosts })
    const first = rosterAt(chain)?.height
    chain.produceUntil(chain.height + BLOCKS * 2)
    expect(rosterAt(chain)?.height).toBe(first)
    chain.deliver(ada.device, [setActiveMessage(ada.device.address, ada, false)])
    expect(rosterAfter(chain)).toEqual(['bob', 'cleo'])
    chain.deliver(bob.device, [serveMessage(bob, [])])
    expect(rosterAfter(chain)).toEqual(['cleo'])
    chain.deliver(ada.device, [setActiveMessage(ada.device.address, ada, true)])
    expect(rosterAfter(chain)).toEqual(['ada', 'cleo'])
    updateHost(chain.store, ownerOf(cleo), { barredUntilEpoch: 1n })
    expect(rosterAfter(chain)).toEqual(['ada'])
    updateHost(chain.store, ownerOf(cleo), { barredUntilEpoch: 0n, duties: [Duty.DUTY_RACE, Duty.DUTY_VERIFY] })
    expect(rosterAfter(chain)).toEqual(['ada'])
    updateHost(chain.store, ownerOf(cleo), { duties: [Duty.DUTY_SERVE], deviceExpiryHeight: BigInt(chain.height) })
    expect(rosterAfter(chain)).toEqual(['ada'])
    updateHost(chain.store, ownerOf(ada), { weight: '0' })
    expect(rosterAfter(chain)).toEqual([])
    // The draw at an old height is answered as it was.
    expect(namesOf(rosterAt(chain, Number(first)))).toEqual(['ada', 'bob', 'cleo'])
    expect(rosterAt(chain, Number(first) - 1)).toBeUndefined()
  })

  it('is forgotten where no draw above a height uses it', () => {
    const { store } = createWorkChain({ hosts })
    const entries = [{ host: ownerOf(ada), weight: '1', numericClass: 'fp32-wasm', reputationPpm: 0n }]
    for (const height of [100n, 200n, 300n]) {
      writeRoster(store, 'tail/x', { height, entries })
      writeRoster(store, 'tail/x1', { height, entries })
    }
    pruneRosters(store, 'tail/x', 250)
    const known = [150, 250, 350].map((height) => readRoster(store, 'tail/x', height)?.height)
    expect(known).toEqual([undefined, 200n, 300n])
    expect(readRoster(store, 'tail/x1', 150)?.height).toBe(100n)
  })
})

describe('what a host serves', () => {
  it('is said by its device alone, for models and classes that the network knows', () => {
    const chain = createChainHarness({ hosts, models: [TEST_MODEL], params: WORK_PARAMS })
    const say = (host: Host, message = serveMessage(host)): string => word(chain.deliver(host.device, [message]))
    expect(say(ada, serveMessage(ada, [{ model: 'tail/other' }]))).toBe('unknown_model')
    expect(say(ada, serveMessage(ada, [{ numericClass: 'q4-cuda' }]))).toBe('unknown_class')
    const forBob = serveMessage(bob)
    expect(say(ada, { ...forBob, value: { ...forBob.value, signer: ada.device.address } } as typeof forBob)).toBe(
      'not_a_host',
    )
    expect(serviceOf(chain, bob)).toBeUndefined()
    expect(say(ada)).toBe('')
    expect(serviceOf(chain, ada)).toMatchObject({ sinceHeight: BigInt(chain.height), tokensPerSecond: 100, g: 0n })
  })

  it('keeps its reputation when it stops and begins again, and through a new registration', () => {
    const chain = createWorkChain({ hosts })
    updateService(chain.store, ownerOf(ada), TEST_MODEL.id, { g: 5_000_000n })
    chain.deliver(ada.device, [serveMessage(ada, [])])
    expect(serviceOf(chain, ada)).toMatchObject({ sinceHeight: 0n, g: 5_000_000n })
    chain.deliver(ada.device, [serveMessage(ada)])
    expect(serviceOf(chain, ada)).toMatchObject({ sinceHeight: BigInt(chain.height), g: 5_000_000n })
    const [nonce] = lookForFinds(chain, ada, 1).right
    const register = registerMessage(chain, ada, nonce ?? 0n)
    const renewed = { ...register, value: { ...register.value, duties: [Duty.DUTY_RACE, Duty.DUTY_SERVE] } }
    expect(word(chain.deliver(ada.owner, [renewed as typeof register]))).toBe('')
    expect(serviceOf(chain, ada)).toMatchObject({ g: 5_000_000n, tokensPerSecond: 100 })
    expect(rosterAfter(chain)).toEqual(['ada', 'bob', 'cleo'])
  })
})

describe('the price of a model', () => {
  const params = { serving: { ...LOCAL_SERVING_PARAMS, priceBlocks: 4, rosterBlocks: 1 } }

  it('falls by two percent where nobody orders', () => {
    const chain = createWorkChain({ hosts, params })
    chain.produceUntil(4)
    expect(priceNow(chain)).toBe(980_000n)
    chain.produceUntil(7)
    expect(priceNow(chain)).toBe(980_000n)
    chain.produceUntil(8)
    expect(priceNow(chain)).toBe(960_400n)
  })

  it('rises by what was paid, against what the hosts claim: each for four medians at most', () => {
    const session = sessionNamed('one')
    const chain = createWorkChain({ hosts, sessions: [[session, 900_000n]], params })
    // Capacity of four seconds: 10 + 10 + 40 tokens a second, for nobody believes the million.
    for (const [host, tokensPerSecond] of [
      [ada, 10],
      [bob, 10],
      [cleo, 1_000_000],
    ] as const) {
      chain.deliver(host.device, [serveMessage(host, [{ tokensPerSecond }])])
    }
    chain.produceUntil(8)
    const before = priceNow(chain)
    const bench = createWorkbench(chain)
    const work = bench.work(session, ada, { promptTokens: 4, outputTokens: 179 })
    expect(work.price).toBe((180n * before + 999_999n) / 1_000_000n)
    expect(word(chain.deliver(ada.device, [batchMessage(bench.batch(ada).message)]))).toBe('')
    chain.produceUntil(12)
    // 180 of 240 tokens: half way from one half to all, so half of two percent.
    const change = (priceNow(chain) * 1_000_000n) / before
    expect([change >= 1_009_500n, change <= 1_010_500n]).toEqual([true, true])
  })
})
