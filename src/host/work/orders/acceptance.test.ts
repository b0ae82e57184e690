import { describe, expect, it } from 'vitest'
import { signRefusal } from '../../../../test/support/chain/device-signing.ts'
import { TEST_CHAIN_ID } from '../../../../test/support/host-chain.ts'
import type { MadeOrder, Wish } from '../../../../test/support/work/fixtures.ts'
import { makeOrder, secretsOf, testKey, WORK_MODEL } from '../../../../test/support/work/fixtures.ts'
import { toHex } from '../../../lib/bytes.ts'
import { encodeAddress } from '../../../protocol/address.ts'
import { EscrowState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { Skip } from '../../../protocol/gen/tailrace/v1/work.ts'
import { SkipReason } from '../../../protocol/gen/tailrace/v1/work.ts'
import { drawExecutors } from '../../../protocol/work/order.ts'
import type { OpenedOrder, OrderFacts } from './acceptance.ts'
import { isOvercommitted, orderFault } from './acceptance.ts'

const NAMES = ['ada', 'bea', 'cay', 'dee']
const payer = testKey('payer')
const randomness = new Uint8Array(32).fill(9)
const owners = new Map(NAMES.map((name) => [testKey(`${name}/owner`).address, name]))
const roster = {
  height: 1n,
  entries: NAMES.map((name) => ({
    host: testKey(`${name}/owner`).bytes,
    weight: '5',
    numericClass: name === 'dee' ? 'fp32-webgpu' : 'fp32-wasm',
    reputationPpm: 1_000n,
  })),
}
const report = {
  model: WORK_MODEL,
  backend: 'wasm' as const,
  numericClass: 'fp32-wasm',
  adapter: '',
  contextTokens: 256,
  tokensPerSecond: 10,
  choiceReason: '',
  canaryDifference: 0,
}
const model = {
  id: WORK_MODEL,
  manifestHash: new Uint8Array(32),
  contextTokens: 256,
  price: 1_000_000n,
  medianValue: 1n,
  hosts: 4,
}
const escrow = EscrowState.fromPartial({
  payer: payer.bytes,
  sessionPubkey: payer.publicKey,
  owner: payer.bytes,
  expiryHeight: 1_000n,
  deposited: 1_000n,
  guarantee: 100n,
})

interface Case {
  readonly wish?: Partial<Wish>
  readonly opened?: Partial<OpenedOrder>
  readonly facts?: Partial<OrderFacts>
  readonly escrow?: Partial<EscrowState>
  /** Candidates that were skipped, each with what makes it. */
  readonly skips?: readonly ((host: Uint8Array, made: MadeOrder) => Skip)[]
}

/** The verdict on a good order in which one thing was changed. */
function judge({ wish, opened, facts, escrow: terms, skips = [] }: Case): string | undefined {
  const made = makeOrder(payer, { prompt: [1, 2, 3, 4], maxTokens: 8, ...wish, order: { height: 10n, ...wish?.order } })
  const { constraints, sequence } = made.order
  const eligible = roster.entries.filter(
    ({ numericClass }) => (constraints?.numericClass ?? '') === '' || numericClass === constraints?.numericClass,
  )
  const candidates = eligible.map(({ host, weight }) => ({ address: host, weight: BigInt(weight) }))
  const drawn = drawExecutors(randomness, payer.bytes, sequence, candidates)
  const skipped = skips.map((skip, index) => skip(drawn[index] ?? new Uint8Array(20), made))
  return orderFault(
    { ...made, skipped, from: 'peer-gateway', ...opened },
    {
      chainId: TEST_CHAIN_ID,
      height: 11,
      arrivedHeight: 11,
      mostAge: 3,
      executor: drawn[skips.length] ?? new Uint8Array(20),
      report,
      model,
      escrow: { escrow: { ...escrow, ...terms }, available: 900n },
      accepted: 0n,
      unpaid: 0n,
      roster,
      randomness,
      leastLifetime: 24,
      priceBlocks: 12,
      skippedKeys: new Map(
        NAMES.map((name) => [toHex(testKey(`${name}/owner`).bytes), testKey(`${name}/device`).publicKey]),
      ),
      readyHosts: new Set(),
      ...facts,
    },
  )
}

function refusedBy(over: { readonly orderHash?: Uint8Array; readonly signer?: string } = {}) {
  return (host: Uint8Array, made: MadeOrder): Skip => {
    const name = over.signer ?? owners.get(encodeAddress(host)) ?? ''
    const content = { orderHash: over.orderHash ?? made.hash, host, code: 'busy', height: 10n }
    return {
      host,
      reason: SkipReason.SKIP_REASON_REFUSED,
      refusal: signRefusal(content, secretsOf(name).device),
    }
  }
}

function silent(host: Uint8Array): Skip {
  return { host, reason: SkipReason.SKIP_REASON_TIMEOUT, refusal: undefined }
}

describe('an order is taken', () => {
  it('that fits in everything', () => {
    expect(judge({})).toBeUndefined()
  })

  it('with constraints that filter the roster before the draw', () => {
    const constraints = { numericClass: 'fp32-webgpu', minReputationPpm: 1_000n }
    expect(judge({ wish: { order: { constraints } } })).toBeUndefined()
  })

  it('after two skips, one refused and one silent', () => {
    expect(judge({ skips: [refusedBy(), silent] })).toBeUndefined()
  })

  it('at the price before the last change, where that may have come in between', () => {
    const risen = { ...model, price: 1_020_000n }
    expect(judge({ facts: { model: risen, height: 12 } })).toBeUndefined()
    // The chain may be a block further than what its host has heard of.
    expect(judge({ facts: { model: risen, height: 11 } })).toBeUndefined()
    expect(judge({ facts: { model: risen, height: 10 } })).toBe('price_too_low')
    expect(judge({ facts: { model: { ...risen, price: 1_020_003n }, height: 12 } })).toBe('price_too_low')
  })
})

const FAULTS: Readonly<Record<string, readonly Case[]>> = {
  malformed_order: [
    { opened: { prompt: [1, 2, 3] } },
    { wish: { request: { choice: 5 } } },
    { wish: { order: { promptHash: new Uint8Array(31) } } },
  ],
  wrong_chain: [{ wish: { order: { chainId: 'other' } } }],
  wrong_gateway: [{ opened: { from: 'peer-thief' } }],
  request_mismatch: [{ wish: { request: { model: 'tail/other' } } }, { wish: { request: { maxTokens: 7 } } }],
  prompt_too_long: [{ facts: { report: { ...report, contextTokens: 4 } } }],
  not_postable: [
    {
      wish: { maxTokens: 4_000, order: { maxPrice: 1_000_000n, total: 1_000_000n } },
      facts: { report: { ...report, contextTokens: 8_192 } },
    },
  ],
  prompt_hash: [{ opened: { prompt: [1, 2, 3, 5] } }],
  request_hash: [{ wish: { order: { requestHash: new Uint8Array(32) } } }],
  unknown_model: [{ facts: { model: undefined } }],
  price_too_low: [{ facts: { model: { ...model, price: 1_000_001n }, height: 10 } }],
  max_price_too_low: [{ wish: { order: { maxPrice: 8n } } }],
  height_too_old: [{ facts: { arrivedHeight: 14 } }, { facts: { arrivedHeight: 11, mostAge: 0 } }],
  height_ahead: [{ facts: { height: 8 } }],
  expiry_too_near: [{ wish: { order: { expiryHeight: 34n } } }],
  unknown_escrow: [
    { facts: { escrow: { escrow: undefined, available: 0n } } },
    { escrow: { sessionPubkey: testKey('other').publicKey } },
  ],
  bad_signature: [{ opened: { signed: { order: undefined, signature: new Uint8Array(64) } } }],
  escrow_frozen: [{ escrow: { frozen: true } }],
  escrow_closing: [{ escrow: { closed: true } }, { escrow: { releaseHeight: 99n } }],
  escrow_expired: [{ escrow: { expiryHeight: 9n } }, { escrow: { expiryHeight: 10n } }],
  model_not_allowed: [{ escrow: { models: ['tail/other'] } }],
  price_above_cap: [{ escrow: { maxPrice: 999_999n } }],
  total_too_low: [{ wish: { order: { total: 8n } } }],
  escrow_short: [
    { wish: { order: { total: 901n } } },
    { wish: { order: { total: 301n } }, escrow: { spendLimit: 300n } },
    { facts: { unpaid: 892n } },
  ],
  sequence_ahead: [{ wish: { order: { sequence: 1_025n } } }, { wish: { order: { sequence: 0n } } }],
  draw_unknown: [{ facts: { roster: undefined } }, { facts: { randomness: undefined } }],
  not_drawn: [
    { facts: { executor: testKey('stranger').bytes } },
    { wish: { order: { constraints: { numericClass: 'none', minReputationPpm: 0n } } } },
  ],
  wrong_skips: [
    { skips: [silent], facts: { executor: firstDrawn() } },
    { facts: { executor: secondDrawn() } },
    { skips: [() => silent(testKey('stranger').bytes)] },
  ],
  skip_unfounded: [
    { skips: [silent], facts: { readyHosts: new Set(NAMES.map((name) => toHex(testKey(`${name}/owner`).bytes))) } },
    { skips: [refusedBy({ orderHash: new Uint8Array(32) })] },
    { skips: [refusedBy({ signer: 'stranger' })] },
    { skips: [refusedBy()], facts: { skippedKeys: new Map() } },
    { skips: [(host) => ({ ...silent(host), reason: SkipReason.SKIP_REASON_REFUSED })] },
  ],
}

function drawnAt(index: number): Uint8Array {
  const candidates = roster.entries.map(({ host, weight }) => ({ address: host, weight: BigInt(weight) }))
  return drawExecutors(randomness, payer.bytes, 1n, candidates)[index] ?? new Uint8Array(20)
}

function firstDrawn(): Uint8Array {
  return drawnAt(0)
}

function secondDrawn(): Uint8Array {
  return drawnAt(1)
}

describe('an order is refused', () => {
  it.each(Object.entries(FAULTS).flatMap(([code, cases]) => cases.map((each, index) => [code, index, each] as const)))(
    '%s (%i)',
    (code, _index, each) => {
      expect(judge(each)).toBe(code)
    },
  )

  it('up to the last unit that the escrow may owe', () => {
    expect(judge({ wish: { order: { total: 900n } } })).toBeUndefined()
    expect(judge({ facts: { unpaid: 891n } })).toBeUndefined()
    const { order } = makeOrder(payer, { prompt: [1], maxTokens: 1, order: { total: 901n } })
    expect(isOvercommitted(order, escrow)).toBe(true)
    expect(isOvercommitted({ ...order, total: 900n }, escrow)).toBe(false)
    expect(isOvercommitted(order, { ...escrow, refunded: 1n })).toBe(false)
  })
})
