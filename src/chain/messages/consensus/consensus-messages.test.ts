import { describe, expect, it } from 'vitest'
import { ask } from '../../../../test/support/chain/chain-duties.ts'
import type { Actor, ChainHarness } from '../../../../test/support/chain/chain-harness.ts'
import { actorNamed, createChainHarness, hostNamed, word } from '../../../../test/support/chain/chain-harness.ts'
import {
  genesisValidator,
  NO_UPGRADE,
  nameValidator,
  registerValidator,
  validatorNamed,
  voteUpgrade,
} from '../../../../test/support/chain/validator-actor.ts'
import { concatBytes, toHex, utf8 } from '../../../lib/bytes.ts'
import { errorCode } from '../../../lib/coded-error.ts'
import {
  QueryCarrierRequest,
  QueryCarrierResponse,
  QueryUpgradeResponse,
  QueryValidatorsRequest,
  QueryValidatorsResponse,
} from '../../../protocol/gen/tailrace/v1/query.ts'
import type { TypedMessage } from '../../../protocol/messages.ts'
import { LOCAL_CHAIN_ID } from '../../../protocol/params.ts'
import { createApplication } from '../../create-application.ts'
import { createMemoryStore } from '../../memory-store.ts'

const ada = hostNamed('ada')
const bob = hostNamed('bob')
const key = validatorNamed('ada')
const other = validatorNamed('ada 2')

function chainOf(): ChainHarness {
  return createChainHarness({ hosts: [ada, bob] })
}

function tried(chain: ChainHarness, actor: Actor, message: TypedMessage): string {
  return word(chain.deliver(actor, [message]))
}

function validatorsOf(chain: ChainHarness): QueryValidatorsResponse['validators'] {
  return ask(chain, 'Validators', QueryValidatorsRequest.encode({ all: true }).finish(), QueryValidatorsResponse)
    .validators
}

function beat(
  chain: ChainHarness,
  fields: { signer?: Actor; height?: number; appHash?: Uint8Array } = {},
): TypedMessage {
  const { signer = key.node, height = chain.height, appHash = chain.app.info().appHash } = fields
  return {
    typeUrl: '/tailrace.v1.MsgValidatorHeartbeat',
    value: { signer: signer.address, validator: key.address, height: BigInt(height), appHash },
  }
}

describe('registering a key', () => {
  it('takes one that its host holds, without a fee', () => {
    const chain = chainOf()
    expect(tried(chain, ada.owner, registerValidator(ada, key))).toBe('')
    const record = validatorsOf(chain).find(({ owner }) => owner === ada.owner.address)
    expect(record).toMatchObject({ power: 0n, jailed: false, nodeAddress: key.node.address })
    expect(toHex(record?.consensusAddress ?? new Uint8Array(0))).toBe(toHex(key.address))
  })

  it.each([
    ['signed by another consensus key', registerValidator(ada, key, { signedBy: other })],
    ['signed for another chain', registerValidator(ada, key, { chainId: 'tailrace-1' })],
    ['with a BLS key that is not shown to be held', bentPossession()],
    ['with a node key that is no point', bentNodeKey()],
  ])('refuses one %s', (_, message) => {
    expect(tried(chainOf(), ada.owner, message)).toBe('validator_proof_invalid')
  })

  it('refuses one that somebody else signed for his own host, and a second host with the same key', () => {
    const chain = chainOf()
    const stolen = registerValidator(bob, key)
    const moved = { ...stolen, value: { ...stolen.value, owner: ada.owner.address } } as TypedMessage
    expect(tried(chain, ada.owner, moved)).toBe('validator_proof_invalid')
    expect(tried(chain, ada.owner, registerValidator(ada, key))).toBe('')
    expect(tried(chain, bob.owner, registerValidator(bob, key))).toBe('consensus_key_taken')
    expect(tried(chain, bob.owner, registerValidator(bob, other, { bls: key }))).toBe('bls_key_taken')
    expect(tried(chain, ada.owner, registerValidator(ada, key, { bls: other }))).toBe('bls_key_taken')
  })

  it('changes the node key of the same consensus key at any time, the consensus key once an epoch', () => {
    const chain = chainOf()
    expect(tried(chain, ada.owner, registerValidator(ada, key))).toBe('')
    const node = actorNamed('a new node')
    expect(tried(chain, ada.owner, registerValidator(ada, key, { node }))).toBe('')
    expect(tried(chain, key.node, beat(chain))).toBe('not_the_validator')
    expect(tried(chain, node, beat(chain, { signer: node }))).toBe('')
    expect(tried(chain, ada.owner, registerValidator(ada, other))).toBe('key_change_wait')
  })

  it('is for hosts with weight alone', () => {
    const chain = chainOf()
    const stranger = hostNamed('nobody')
    expect(tried(chain, stranger.owner, registerValidator(stranger, key))).toBe('not_a_host')
    // The hosts of the genesis that did not race have no weight after the settle.
    chain.produceUntil(10)
    expect(tried(chain, ada.owner, registerValidator(ada, key))).toBe('no_weight')
  })

  it('verifies a few in a block, whatever comes', () => {
    const hosts = ['a', 'b', 'c', 'd'].map(hostNamed)
    const chain = createChainHarness({ hosts })
    const txs = hosts.map((host) => chain.sign(host.owner, [registerValidator(host, validatorNamed(host.owner.name))]))
    expect(chain.produce(txs).txResults.slice(1).map(word)).toEqual(['', '', 'validator_budget', 'validator_budget'])
  })
})

describe('naming a carrier', () => {
  it('is for keys of hosts that are there', () => {
    const chain = chainOf()
    expect(tried(chain, bob.owner, nameValidator(bob, key))).toBe('unknown_validator')
    const stranger = hostNamed('nobody')
    expect(tried(chain, stranger.owner, nameValidator(stranger, undefined))).toBe('not_a_host')
    expect(tried(chain, ada.owner, registerValidator(ada, key))).toBe('')
    expect(tried(chain, bob.owner, nameValidator(bob, key))).toBe('')
    const request = QueryCarrierRequest.encode({ host: bob.owner.address }).finish()
    expect(ask(chain, 'Carrier', request, QueryCarrierResponse)).toEqual({
      validator: key.address,
      named: true,
      own: false,
    })
    expect(tried(chain, bob.owner, nameValidator(bob, undefined))).toBe('')
    expect(ask(chain, 'Carrier', request, QueryCarrierResponse).validator).toHaveLength(0)
  })
})

describe('heartbeats', () => {
  it('are taken from the node account alone, for this chain and its present state', () => {
    const chain = chainOf()
    expect(tried(chain, key.node, beat(chain))).toBe('unknown_validator')
    expect(tried(chain, ada.owner, registerValidator(ada, key))).toBe('')
    const elsewhere = chain.deliver(key.node, [beat(chain)], { chainId: 'tailrace-1', sequence: 0n })
    expect(word(elsewhere)).toBe('unauthorized')
    expect(tried(chain, bob.device, beat(chain, { signer: bob.device }))).toBe('not_the_validator')
    expect(tried(chain, key.node, beat(chain, { appHash: new Uint8Array(32) }))).toBe('wrong_app_hash')
    const taken = chain.sign(key.node, [beat(chain)])
    expect(word(chain.app.checkTx(taken))).toBe('')
    expect(word(chain.produce([taken]).txResults[1])).toBe('')
    expect(word(chain.produce([taken]).txResults[1])).toBe('wrong_sequence')
    expect(validatorsOf(chain).find(({ nodeAddress }) => nodeAddress === key.node.address)?.jailed).toBe(false)
  })

  it('may name an earlier height', () => {
    const chain = chainOf()
    const genesis = chain.app.info().appHash
    expect(tried(chain, ada.owner, registerValidator(ada, key))).toBe('')
    chain.produce()
    const second = chain.history[1]?.appHash ?? genesis
    expect(tried(chain, key.node, beat(chain, { height: 1, appHash: second }))).toBe('wrong_app_hash')
    expect(tried(chain, key.node, beat(chain, { height: 2, appHash: second }))).toBe('')
    chain.produceUntil(8)
    expect(tried(chain, key.node, beat(chain, { height: 0, appHash: genesis }))).toBe('')
  })
})

describe('an upgrade', () => {
  const MARK = concatBytes(Uint8Array.of(0x7f), utf8('migrated'))
  const migrations = [
    { version: 2, migrate: (store: { set(k: Uint8Array, v: Uint8Array): void }) => store.set(MARK, utf8('two')) },
  ]
  const PLAN = { height: 6n, version: 2, name: 'tailrace 2' }

  function twoKeys(): ChainHarness {
    const validators = [genesisValidator(key, 90n, ada.owner.address), genesisValidator(other, 60n)]
    return createChainHarness({ hosts: [ada, bob], validators })
  }

  it('is accepted by more than two thirds, by owner or node, and can be withdrawn as it came', () => {
    const chain = twoKeys()
    expect(tried(chain, ada.owner, voteUpgrade(ada.owner, key, PLAN))).toBe('')
    expect(chain.app.upgrade()).toBeUndefined()
    expect(tried(chain, bob.owner, voteUpgrade(bob.owner, other, PLAN))).toBe('not_the_validator')
    expect(tried(chain, other.node, voteUpgrade(other.node, other, PLAN))).toBe('')
    expect(chain.app.upgrade()).toEqual(PLAN)
    expect(tried(chain, key.node, voteUpgrade(key.node, key, NO_UPGRADE))).toBe('')
    expect(chain.app.upgrade()).toEqual(PLAN)
    expect(tried(chain, other.node, voteUpgrade(other.node, other, NO_UPGRADE))).toBe('')
    expect(chain.app.upgrade()).toBeUndefined()
    const { votes, plan, appVersion } = ask(chain, 'Upgrade', new Uint8Array(0), QueryUpgradeResponse)
    expect([votes.length, plan, appVersion]).toEqual([2, undefined, 1])
  })

  it('names a height ahead and a higher version', () => {
    const chain = twoKeys()
    expect(tried(chain, ada.owner, voteUpgrade(ada.owner, key, { ...PLAN, height: 1n }))).toBe('upgrade_invalid')
    expect(tried(chain, ada.owner, voteUpgrade(ada.owner, key, { ...PLAN, version: 1 }))).toBe('upgrade_invalid')
  })

  it('stops the old program at its height before anything changed; the new one goes on from the same state', () => {
    const chain = twoKeys()
    chain.deliver(ada.owner, [voteUpgrade(ada.owner, key, PLAN)])
    chain.deliver(other.node, [voteUpgrade(other.node, other, PLAN)])
    chain.produceUntil(5)
    const before = chain.app.info()
    const block = chain.nextBlock()
    expect(codeOf(() => chain.app.finalizeBlock(block))).toBe('upgrade_needed')
    expect(codeOf(() => chain.app.commit())).toBe('nothing_to_commit')
    expect(chain.app.info()).toEqual(before)
    const store = createMemoryStore(chain.store.entries())
    const next = createApplication({ store, appVersion: 2, migrations })
    expect(next.info()).toEqual(before)
    const result = next.finalizeBlock(block)
    next.commit()
    expect(result.appVersion).toBe(2)
    expect(next.info().appVersion).toBe(2)
    expect(next.upgrade()).toBeUndefined()
    expect(store.get(MARK)).toEqual(utf8('two'))
    expect(codeOf(() => next.finalizeBlock(block))).toBe('invalid_block')
  })

  it('does not begin early: a newer program refuses the blocks before it', () => {
    const chain = twoKeys()
    chain.produce()
    const restarted = createApplication({ store: createMemoryStore(chain.store.entries()), appVersion: 2, migrations })
    expect(codeOf(() => restarted.finalizeBlock(chain.nextBlock()))).toBe('upgrade_too_early')
  })
})

describe('the engine', () => {
  it('is told in the block’s result', () => {
    const validators = [genesisValidator(key, 2n, ada.owner.address)]
    const chain = createChainHarness({ hosts: [ada, bob], validators })
    const misbehaviour = [{ kind: 'duplicate_vote', address: key.address, height: 1n }] as const
    const result = chain.app.finalizeBlock({ ...chain.nextBlock(), misbehaviour })
    expect(result.validatorUpdates).toEqual([{ consensusKey: key.consensusKey, power: 0n }])
    const quiet = createChainHarness({ hosts: [ada] })
    for (let block = 0; block < 24; block++) {
      expect(quiet.produce().validatorUpdates).toEqual([])
    }
    expect(LOCAL_CHAIN_ID).toBe(quiet.genesis.chainId)
  })
})

function bentPossession(): TypedMessage {
  const message = registerValidator(ada, key)
  return { ...message, value: { ...message.value, blsPossession: other.blsPossession } } as TypedMessage
}

function bentNodeKey(): TypedMessage {
  const node = { ...key.node, publicKey: new Uint8Array(33).fill(7) }
  return registerValidator(ada, key, { node })
}

function codeOf(work: () => unknown): string {
  try {
    work()
    return ''
  } catch (error) {
    return errorCode(error)
  }
}
