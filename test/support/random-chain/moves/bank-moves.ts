import { balanceOf } from '../../../../src/chain/state/bank.ts'
import type { Actor } from '../../chain/chain-harness.ts'
import { send } from '../../chain/chain-harness.ts'
import { pick } from '../../malformed/bend-bytes.ts'
import { bytesOfActor } from '../cast.ts'
import type { Draft } from '../draft.ts'
import { between, chance } from '../random.ts'
import type { Move, World } from '../world.ts'

/** Money from anybody to anybody: little, all, and one more than there is. */
export const BANK_MOVES: readonly Move[] = [{ typeUrl: '/cosmos.bank.v1beta1.MsgSend', weight: 6, make: makeSend }]

function makeSend(world: World): Draft | undefined {
  const { random, store, params } = world
  const from = anybody(world)
  const balance = balanceOf(store, bytesOfActor(from))
  const spendable = balance - params.feePerMessage
  if (spendable <= 0n) {
    return undefined
  }
  const few = BigInt(between(random, 1, 900))
  const amounts = [few, few, few, 1n, spendable, spendable > few ? spendable - few : 1n]
  const amount = chance(random, 0.1) ? pick(random, amounts) : few < spendable ? few : spendable
  const messages = [send(from, anybody(world), amount)]
  return chance(random, 0.05) && amount + few + 2n * params.feePerMessage <= balance
    ? { actor: from, messages: [...messages, send(from, anybody(world), few)] }
    : { actor: from, messages }
}

export function anybody({ random, cast }: World): Actor {
  const hosts = [...cast.founders, ...cast.newcomers].flatMap(({ owner, device }) => [owner, device])
  return chance(random, 0.6) ? pick(random, cast.accounts) : pick(random, [...hosts, ...cast.sessions])
}
