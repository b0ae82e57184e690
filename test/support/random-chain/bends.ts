import fc from 'fast-check'
import { balanceOf } from '../../../src/chain/state/bank.ts'
import type { TypedMessage, TypeUrl } from '../../../src/protocol/messages.ts'
import { signerOf } from '../../../src/protocol/messages.ts'
import { bentBytes, pick } from '../malformed/bend-bytes.ts'
import { stretchedValue } from '../malformed/bend-values.ts'
import { MESSAGE_ARBITRARIES } from '../message-arbitraries.ts'
import { bytesOfActor } from './cast.ts'
import type { Draft } from './draft.ts'
import { TYPE_URLS } from './moves/all-moves.ts'
import { anybody } from './moves/bank-moves.ts'
import { between, chance } from './random.ts'
import type { World } from './world.ts'

/**
 * Transactions that are almost right: each differs from a good one in one thing. Some of them may pass all the same (a higher fee,
 * another receiver); what none may do is break a rule.
 */
type Bend = (world: World, draft: Draft) => Draft

const BENDS: Readonly<Record<string, Bend>> = {
  'sequence behind': (_, draft) => ({ ...draft, ahead: -1n }),
  'sequence ahead': ({ random }, draft) => ({ ...draft, ahead: pick(random, [1n, 2n, 1n << 40n]) }),
  'other chain': ({ random }, draft) => ({ ...draft, chainId: pick(random, ['tailrace-1', '', 'tailrace-local-2']) }),
  'forged signature': (world, draft) => ({ ...draft, forger: anybody(world) }),
  "another's key": (world, draft) => ({ ...draft, publicKey: anybody(world).publicKey }),
  'no key': ({ random }, draft) => ({ ...draft, publicKey: new Uint8Array(pick(random, [0, 33])) }),
  'fee at its edge': (world, draft) => ({ ...draft, fee: edgeFee(world, draft) }),
  'other coin': (_, draft) => ({ ...draft, fee: 5n, feeDenom: 'uatom' }),
  timeout: ({ random, height }, draft) => ({ ...draft, timeoutHeight: BigInt(height + pick(random, [-1, 0, 1])) }),
  'message twice': (_, draft) => ({ ...draft, messages: [...draft.messages, ...draft.messages] }),
  'many messages': ({ random }, draft) => {
    const messages = Array.from({ length: between(random, 3, 9) }, () => draft.messages).flat()
    return { ...draft, messages }
  },
  'wrong signer': (world, draft) => withActor(draft, anybody(world)),
  'a value at its edge': ({ random }, draft) => ({
    ...draft,
    messages: draft.messages.map((message) => stretched(random, message, draft.actor.address)),
  }),
  'another number': ({ random }, draft) => ({
    ...draft,
    messages: draft.messages.map((message) => nudged(random, message)),
  }),
  'sent before': ({ random, memory }, draft) =>
    memory.sent.length === 0 ? { ...draft, ahead: -1n } : { ...draft, bytes: pick(random, memory.sent) },
  'damaged bytes': ({ random, memory }, draft) =>
    memory.sent.length === 0 ? { ...draft, ahead: 1n } : { ...draft, bytes: bentBytes(random, memory.sent) },
}

const NAMES = Object.keys(BENDS)

export function bentDraft(world: World, draft: Draft): Draft {
  const name = pick(world.random, NAMES)
  const { told: _, ...bare } = draft
  const bent = BENDS[name]?.(world, bare) ?? bare
  return { ...bent, bend: name }
}

function edgeFee({ random, store }: World, { actor }: Draft): bigint {
  const balance = balanceOf(store, bytesOfActor(actor))
  return pick(random, [0n, 1n, balance, balance + 1n, 1n << 64n, 10n ** 30n - 1n])
}

function withActor(draft: Draft, actor: Draft['actor']): Draft {
  return { ...draft, actor, messages: draft.messages.map((message) => signedBy(message, actor.address)) }
}

/** Whatever the field for it is called. */
function signedBy(message: TypedMessage, address: string): TypedMessage {
  const named = signerOf(message)
  const fields = Object.entries(message.value).map(([name, value]) => [name, value === named ? address : value])
  return { ...message, value: Object.fromEntries(fields) } as TypedMessage
}

function stretched(random: World['random'], message: TypedMessage, address: string): TypedMessage {
  return signedBy({ ...message, value: stretchedValue(random, [message.value]) } as TypedMessage, address)
}

/** One count, amount, height or number of the message is another one. */
function nudged(random: World['random'], message: TypedMessage): TypedMessage {
  const fields = Object.entries(message.value as object)
  const numbers = fields.filter(([, value]) => typeof value === 'bigint' || typeof value === 'number')
  if (numbers.length === 0) {
    return message
  }
  const [name, value] = pick(random, numbers) as [string, bigint | number]
  const by = pick(random, [1, -1, 2, 1_000])
  const isBelowZero = by < 0 && Number(value) === 0
  const next = isBelowZero ? value : typeof value === 'bigint' ? value + BigInt(by) : value + by
  return { ...message, value: { ...message.value, [name]: next } } as TypedMessage
}

const SAMPLES = 16
let pool: readonly { readonly typeUrl: TypeUrl; readonly values: readonly object[] }[] | undefined

/** A message of any kind within its bounds, of nobody's making. */
export function arbitraryDraft(world: World): Draft {
  pool ??= TYPE_URLS.map((typeUrl) => ({
    typeUrl,
    values: fc.sample(MESSAGE_ARBITRARIES[typeUrl] as fc.Arbitrary<object>, { numRuns: SAMPLES, seed: 9 }),
  }))
  const { random, cast } = world
  const { typeUrl, values } = pick(random, pool)
  const host = pick(random, cast.founders)
  const actor = pick(random, [host.owner, host.device, anybody(world)])
  const value = chance(random, 0.5) ? pick(random, values) : (stretchedValue(random, values) as object)
  const message = signedBy({ typeUrl, value } as TypedMessage, actor.address)
  return { actor, messages: [message], bend: 'arbitrary message' }
}
