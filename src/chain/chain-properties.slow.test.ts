import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CheckedRound } from '../../test/support/chain/chain-duties.ts'
import {
  assignmentsOf,
  checkRound,
  commitMessage,
  epochOf,
  lookForFinds,
  openMessage,
  setActiveMessage,
} from '../../test/support/chain/chain-duties.ts'
import type { Actor, ChainHarness, HostActor } from '../../test/support/chain/chain-harness.ts'
import {
  actorNamed,
  createChainHarness,
  hostNamed,
  send,
  signTx,
  verifyOnce,
  word,
} from '../../test/support/chain/chain-harness.ts'
import { MESSAGE_ARBITRARIES } from '../../test/support/message-arbitraries.ts'
import { toHex } from '../lib/bytes.ts'
import { errorCode } from '../lib/coded-error.ts'
import { decodeAddress } from '../protocol/address.ts'
import { sha256 } from '../protocol/hash.ts'
import type { TypedMessage, TypeUrl } from '../protocol/messages.ts'
import type { FaultCode } from '../protocol/reasons.ts'
import type { BlockInput } from './application.ts'
import { createCacheStore } from './cache-store.ts'
import { nextFrame } from './context.ts'
import { createApplication } from './create-application.ts'
import { createOracleCache } from './judgement/oracle-cache.ts'
import { sequenceOf } from './state/chain-status.ts'
import { balanceKey, SUPPLY_KEY, sequenceKey } from './state/keys.ts'
import { createBlockBudget } from './tx/block-budget.ts'
import { runTx } from './tx/run-tx.ts'

/** What must hold whatever anybody sends (protocol §9). The harness recounts the money after every block. */
const HOSTS = ['ada', 'bob', 'cleo'].map(hostNamed)
const RICH = actorNamed('rich')
const ACTORS: readonly Actor[] = [RICH, ...HOSTS.flatMap(({ owner, device }) => [owner, device])]
/** Roots until the third block of the verify stage; two epochs of 14 blocks and the start of a third. */
const PARAMS = { epochLength: 14, verifyLength: 10, sampleSize: 4, extensionSize: 3, emissionPerEpoch: 999_999n }
const BLOCKS = 30
/** The faults of paid work have their own random sequences (work-properties.slow.test.ts). */
const RACE_FAULTS: readonly FaultCode[] = ['forged_find', 'false_verification', 'false_accusation']
const TIMEOUT_MS = 240_000

type Step =
  | { readonly do: 'send'; readonly from: number; readonly to: number; readonly amount: bigint; readonly fee: bigint }
  | { readonly do: 'commit'; readonly host: number; readonly honest: boolean }
  | { readonly do: 'report'; readonly host: number; readonly how: How }
  | { readonly do: 'open'; readonly host: number }
  | { readonly do: 'challenge'; readonly host: number; readonly target: number; readonly nonce: bigint }
  | { readonly do: 'doubt'; readonly host: number; readonly target: number; readonly index: number }
  | { readonly do: 'switch'; readonly host: number; readonly active: boolean }
  | { readonly do: 'anything'; readonly from: number; readonly message: TypedMessage }

const hostIndex = fc.nat(HOSTS.length - 1)
const actorIndex = fc.nat(ACTORS.length - 1)
const anyMessage: fc.Arbitrary<TypedMessage> = fc.oneof(
  ...Object.entries(MESSAGE_ARBITRARIES).map(([typeUrl, arbitrary]) =>
    (arbitrary as fc.Arbitrary<unknown>).map((value) => ({ typeUrl, value }) as TypedMessage),
  ),
)

type How = 'honest' | 'lie' | 'accuse' | 'silent'
const howToReport: fc.Arbitrary<How> = fc.constantFrom('honest', 'honest', 'lie', 'accuse', 'silent')

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      from: actorIndex,
      to: actorIndex,
      amount: fc.bigInt({ min: 1n, max: 1_500n }),
      fee: fc.bigInt({ min: 0n, max: 600n }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('commit' as const), host: hostIndex, honest: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('report' as const), host: hostIndex, how: howToReport }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('open' as const), host: hostIndex }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('challenge' as const),
      host: hostIndex,
      target: hostIndex,
      nonce: fc.bigInt({ min: 0n, max: 50n }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('doubt' as const),
      host: hostIndex,
      target: hostIndex,
      index: fc.nat(8),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('switch' as const), host: hostIndex, active: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('anything' as const), from: actorIndex, message: anyMessage }) },
)

/** What happens anyway, so that there is something to judge, and in between whatever anybody likes. */
const plans = fc.record({
  hows: fc.array(howToReport, { minLength: HOSTS.length, maxLength: HOSTS.length }),
  blocks: fc.array(fc.array(step, { maxLength: 3 }), { minLength: BLOCKS, maxLength: BLOCKS }),
})

/** Everybody races, the last one with forged finds; everybody reports in his own way, and opens. */
function usualSteps(stage: string, hows: readonly How[]): Step[] {
  return HOSTS.flatMap((_, host): Step[] => {
    if (stage === 'race') {
      return [{ do: 'commit', host, honest: host !== HOSTS.length - 1 }]
    }
    const how = hows[host] ?? 'honest'
    return stage === 'verify' && how !== 'silent'
      ? [
          { do: 'report', host, how },
          { do: 'open', host },
        ]
      : []
  })
}

/** Two runs that reach every kind of fault, whatever is drawn for the others. */
const POOR_SENDER: Step = { do: 'send', from: 1, to: 0, amount: 10n, fee: 0n }
const EXAMPLES: [{ hows: How[]; blocks: Step[][] }][] = [
  [{ hows: ['honest', 'honest', 'honest'], blocks: Array.from({ length: BLOCKS }, () => [POOR_SENDER]) }],
  [{ hows: ['accuse', 'accuse', 'lie'], blocks: Array.from({ length: BLOCKS }, () => []) }],
]

interface World {
  readonly chain: ChainHarness
  readonly checked: Map<string, CheckedRound>
}

function hostAt(index: number): HostActor {
  return HOSTS[index] as HostActor
}

/** The signer's field, whatever it is called in this message. */
function signedBy(message: TypedMessage, actor: Actor): TypedMessage {
  const fields: Record<TypeUrl, string> = {
    '/cosmos.bank.v1beta1.MsgSend': 'fromAddress',
    '/tailrace.v1.MsgRegisterHost': 'owner',
    '/tailrace.v1.MsgSetActive': 'signer',
    '/tailrace.v1.MsgSetPayout': 'owner',
    '/tailrace.v1.MsgCommitFinds': 'signer',
    '/tailrace.v1.MsgSubmitVerification': 'signer',
    '/tailrace.v1.MsgOpenVerification': 'signer',
    '/tailrace.v1.MsgChallengeFind': 'signer',
    '/tailrace.v1.MsgChallengeOpening': 'signer',
    '/tailrace.v1.MsgDepositEscrow': 'owner',
    '/tailrace.v1.MsgWithdrawEscrow': 'owner',
    '/tailrace.v1.MsgServeModels': 'signer',
    '/tailrace.v1.MsgSubmitBatch': 'signer',
    '/tailrace.v1.MsgOpenReceipts': 'signer',
    '/tailrace.v1.MsgCommitChecks': 'signer',
    '/tailrace.v1.MsgReportChecks': 'signer',
    '/tailrace.v1.MsgPostWork': 'signer',
    '/tailrace.v1.MsgCommitRuling': 'signer',
    '/tailrace.v1.MsgRevealRuling': 'signer',
    '/tailrace.v1.MsgProveOvercommit': 'signer',
    '/tailrace.v1.MsgRegisterValidator': 'owner',
    '/tailrace.v1.MsgNameValidator': 'owner',
    '/tailrace.v1.MsgValidatorHeartbeat': 'signer',
    '/tailrace.v1.MsgVoteUpgrade': 'signer',
  }
  return { ...message, value: { ...message.value, [fields[message.typeUrl]]: actor.address } } as TypedMessage
}

/** The transaction of one step, or none where the step has no meaning now. */
function txOf(world: World, next: Step): { actor: Actor; messages: TypedMessage[]; fee?: bigint } | undefined {
  const { chain } = world
  switch (next.do) {
    case 'send': {
      const [from, to] = [ACTORS[next.from] as Actor, ACTORS[next.to] as Actor]
      return { actor: from, messages: [send(from, to, next.amount)], fee: next.fee }
    }
    case 'anything': {
      const actor = ACTORS[next.from] as Actor
      return { actor, messages: [signedBy(next.message, actor)] }
    }
    case 'switch': {
      const { device } = hostAt(next.host)
      return { actor: device, messages: [setActiveMessage(device.address, hostAt(next.host), next.active)] }
    }
    case 'commit':
      return commitOf(chain, hostAt(next.host), next.honest)
    case 'report':
    case 'open':
      return dutyOf(world, hostAt(next.host), next)
    case 'challenge': {
      const find = { host: hostAt(next.target).owner.address, nonce: next.nonce }
      const { device } = hostAt(next.host)
      const value = { signer: device.address, epoch: epochOf(chain).epoch, find }
      return { actor: device, messages: [{ typeUrl: '/tailrace.v1.MsgChallengeFind', value }] }
    }
    case 'doubt': {
      const { device } = hostAt(next.host)
      const verifier = hostAt(next.target).owner.address
      const value = { signer: device.address, epoch: epochOf(chain).epoch, round: 0, verifier, index: next.index }
      return { actor: device, messages: [{ typeUrl: '/tailrace.v1.MsgChallengeOpening', value }] }
    }
  }
}

function commitOf(chain: ChainHarness, host: HostActor, honest: boolean): ReturnType<typeof txOf> {
  if (epochOf(chain).seed.length === 0) {
    return undefined
  }
  const found = lookForFinds(chain, host, 20)
  const nonces = honest ? found.right : [...found.right, ...found.wrong]
  return { actor: host.device, messages: [commitMessage(chain, host, nonces)] }
}

function dutyOf(
  world: World,
  host: HostActor,
  next: Extract<Step, { do: 'report' | 'open' }>,
): ReturnType<typeof txOf> {
  const { chain, checked } = world
  for (const assignment of assignmentsOf(chain, host, epochOf(chain).epoch)) {
    const id = `${epochOf(chain).epoch}/${host.owner.address}/${assignment.round}`
    if (next.do === 'report' && assignment.state === 'due') {
      const [first] = assignment.finds
      const accused = { host: first?.host ?? '', nonce: first?.nonces[0] ?? 0n }
      const answer = checkRound(chain, host, assignment, {
        ...(next.how === 'lie' ? { digest: (_find, digest) => sha256(digest).fill(0, 0, 1) } : {}),
        ...(next.how === 'accuse' ? { mismatches: () => [accused] } : {}),
      })
      checked.set(id, answer)
      return { actor: host.device, messages: [answer.submit] }
    }
    const answer = checked.get(id)
    if (next.do === 'open' && assignment.state === 'opening' && answer !== undefined) {
      return { actor: host.device, messages: [openMessage(chain, host, answer, assignment.openingIndices)] }
    }
  }
  return undefined
}

function signedTx(world: World, next: Step, used: Map<string, bigint>): Uint8Array | undefined {
  const made = txOf(world, next)
  if (made === undefined) {
    return undefined
  }
  const { actor, messages, fee } = made
  const sequence = sequenceOf(world.chain.store, decodeAddress(actor.address)) + (used.get(actor.address) ?? 0n)
  used.set(actor.address, (used.get(actor.address) ?? 0n) + 1n)
  return signTx(actor, messages, { sequence, ...(fee === undefined || fee === 0n ? {} : { fee }) })
}

/** A refused transaction may have written the signer's sequence and balance and the totals, and nothing else. */
function expectRefusedIsClean(world: World, tx: Uint8Array, signers: readonly Actor[]): void {
  const frame = nextFrame(world.chain.store, createOracleCache())
  const store = createCacheStore(world.chain.store)
  const result = runTx({ frame, store, budget: createBlockBudget(), mode: 'deliver' }, tx)
  expect(word(result)).not.toBe('internal')
  if (result.code === 0) {
    return
  }
  const allowed = new Set([
    toHex(SUPPLY_KEY),
    ...signers.flatMap(({ address }) => [balanceKey, sequenceKey].map((key) => toHex(key(decodeAddress(address))))),
  ])
  const written = store.changes().map(({ key }) => toHex(key))
  expect(written.filter((key) => !allowed.has(key))).toEqual([])
  if (result.events.length === 0) {
    expect(written).toEqual([])
  }
}

describe('random sequences of transactions', () => {
  it(
    'conserve the supply, refuse cleanly, stop nothing, and replay to the same app hashes',
    () => {
      const seen = new Map<string, number>()
      fc.assert(
        fc.property(plans, ({ hows, blocks }) => {
          const chain = createChainHarness({
            hosts: HOSTS,
            params: PARAMS,
            accounts: [{ actor: RICH, amount: 5_000n }],
          })
          const world: World = { chain, checked: new Map() }
          for (const steps of blocks) {
            const used = new Map<string, bigint>()
            const all = [...usualSteps(epochOf(chain).stage, hows), ...steps]
            const txs = all.flatMap((next) => signedTx(world, next, used) ?? [])
            for (const tx of chain.height > 0 ? txs.slice(0, 1) : []) {
              expectRefusedIsClean(world, tx, ACTORS)
            }
            for (const result of chain.produce(txs).txResults.slice(1)) {
              seen.set(word(result), (seen.get(word(result)) ?? 0) + 1)
            }
          }
          for (const { type, attributes } of chain.blockEvents) {
            const name = attributes.code ?? type
            seen.set(name, (seen.get(name) ?? 0) + 1)
          }
          expectReplay(chain)
        }),
        { numRuns: 6, examples: EXAMPLES },
      )
      expect(seen.get('internal')).toBeUndefined()
      // The sequences must have reached what they are to test.
      for (const name of ['', 'insufficient_funds', 'reexecution', 'epoch_closed', ...RACE_FAULTS]) {
        expect([name, (seen.get(name) ?? 0) > 0]).toEqual([name, true])
      }
    },
    TIMEOUT_MS,
  )
})

function expectReplay(chain: ChainHarness): void {
  const app = createApplication({ verifySignature: verifyOnce })
  app.initChain(chain.genesis)
  for (const { input, appHash } of chain.history) {
    expect(toHex(app.finalizeBlock(input).appHash)).toBe(toHex(appHash))
    app.commit()
  }
}

describe('malformed bytes', () => {
  const chain = createChainHarness({ hosts: HOSTS, params: PARAMS, accounts: [{ actor: RICH, amount: 5_000n }] })
  chain.produce()
  const good = signTx(RICH, [send(RICH, RICH, 1n)], { sequence: 0n, fee: 1n })
  /** Anything, and real transactions with some bytes changed, cut off or put in. */
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(fc.nat(good.length - 1), fc.uint8Array({ maxLength: 4 }), fc.nat(4))
      .map(([at, put, cut]) => Uint8Array.from([...good.slice(0, at), ...put, ...good.slice(at + cut)])),
  )

  it('make no transaction throw', () => {
    fc.assert(
      fc.property(bytes, (tx) => {
        expect(chain.app.checkTx(tx).gasUsed).toBeGreaterThanOrEqual(0n)
        expect(word(chain.app.simulate(tx))).not.toBe('internal')
      }),
      { numRuns: 300 },
    )
  })

  it('make no query throw', () => {
    const names = [
      'Params',
      'Epoch',
      'Host',
      'Hosts',
      'Finds',
      'Assignment',
      'Openings',
      'Ledger',
      'Supply',
      'Randomness',
      'Models',
      'Escrow',
      'Escrows',
      'Lane',
      'Roster',
      'Services',
      'Batch',
      'Batches',
      'WorkDuties',
    ]
    const path = fc.oneof(
      fc.constantFrom(...names.map((name) => `/tailrace.v1.Query/${name}`)),
      fc.constantFrom('/store/x', '/cosmos.auth.v1beta1.Query/Account', '/cosmos.tx.v1beta1.Service/Simulate'),
      fc.constantFrom('/cosmos.bank.v1beta1.Query/Balance', '/cosmos.bank.v1beta1.Query/AllBalances'),
      fc.string(),
    )
    fc.assert(
      fc.property(path, bytes, fc.boolean(), (at, data, prove) => {
        expect(chain.app.query(at, data, { prove }).height).toBe(1n)
      }),
      { numRuns: 500 },
    )
  })

  it('in a block are refused one by one; a block that is none is refused as a whole', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 6 }), (txs) => {
        expect(chain.app.finalizeBlock(chain.nextBlock(txs)).txResults).toHaveLength(txs.length + 1)
      }),
      { numRuns: 40 },
    )
    const input: fc.Arbitrary<BlockInput> = fc.record({
      height: fc.bigInt({ min: -1n, max: 2n ** 64n }),
      timeMs: fc.bigInt(),
      hash: fc.uint8Array(),
      proposer: fc.uint8Array({ maxLength: 24 }),
      txs: fc.array(bytes, { maxLength: 3 }),
    })
    fc.assert(
      fc.property(input, (block) => {
        expect(chain.app.processProposal(block)).toBe(false)
        let code = ''
        try {
          chain.app.finalizeBlock(block)
        } catch (error) {
          code = errorCode(error)
        }
        expect(code).toBe('invalid_block')
      }),
      { numRuns: 200 },
    )
  })
})
