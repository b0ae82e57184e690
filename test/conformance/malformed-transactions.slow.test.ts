/**
 * Ten thousand transactions whose signature is right and whose messages are not: every kind, of every actor, with values at the end
 * of their ranges or out of them. A block takes them all, refuses what is wrong in words, and the money adds up after each.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BLOCK_LIMITS } from '../../src/chain/application.ts'
import { sequenceOf } from '../../src/chain/state/chain-status.ts'
import { decodeAddress } from '../../src/protocol/address.ts'
import type { TypedMessage, TypeUrl } from '../../src/protocol/messages.ts'
import { signerOf } from '../../src/protocol/messages.ts'
import { TX_LIMITS } from '../../src/protocol/tx.ts'
import { actorNamed, createChainHarness, hostNamed, signTx, word } from '../support/chain/chain-harness.ts'
import { TEST_MODEL } from '../support/chain/chain-work.ts'
import { below, pick } from '../support/malformed/bend-bytes.ts'
import { stretchedValue } from '../support/malformed/bend-values.ts'
import { MESSAGE_ARBITRARIES } from '../support/message-arbitraries.ts'
import { createRandom } from '../support/sampling-logits.ts'

const TRANSACTIONS = 10_000
const A_BLOCK = 100
/** More than the transaction with σ_h has. */
const RANDOMNESS_BYTES = 256
const HOSTS = ['ada', 'bob'].map(hostNamed)
const RICH = actorNamed('rich')
const ACTORS = [RICH, ...HOSTS.flatMap(({ owner, device }) => [owner, device])]

test(`${TRANSACTIONS} signed transactions with extreme messages`, { timeout: 600_000 }, () => {
  const chain = createChainHarness({
    hosts: HOSTS,
    models: [TEST_MODEL],
    accounts: [{ actor: RICH, amount: 10_000_000n }],
  })
  const random = createRandom(5)
  const samples = Object.entries(MESSAGE_ARBITRARIES).map(([typeUrl, any]) => ({
    typeUrl: typeUrl as TypeUrl,
    values: fc.sample(any as fc.Arbitrary<object>, { numRuns: 20, seed: 3 }),
  }))
  const seen = new Map<string, number>()
  for (let made = 0; made < TRANSACTIONS; made += A_BLOCK) {
    const used = new Map<string, bigint>()
    const txs = Array.from({ length: A_BLOCK }, () => {
      const actor = pick(random, ACTORS)
      const { typeUrl, values } = pick(random, samples)
      const value = below(random, 3) === 0 ? pick(random, values) : (stretchedValue(random, values) as object)
      const message = withSigner({ typeUrl, value } as TypedMessage, actor.address)
      const sequence = sequenceOf(chain.store, decodeAddress(actor.address)) + (used.get(actor.address) ?? 0n)
      const tx = signTx(actor, [message], { sequence, ...(below(random, 2) === 0 ? { fee: 1_000n } : {}) })
      // Only what the ante takes uses a sequence up: where it does not, the next one of this actor is as good.
      const { code } = chain.app.checkTx(tx)
      expect(code === 0 && tx.length > TX_LIMITS.bytes).toBe(false)
      if (code === 0) {
        used.set(actor.address, (used.get(actor.address) ?? 0n) + 1n)
      }
      return tx
    })
    for (const result of inBlocks(txs).flatMap((block) => chain.produce(block).txResults.slice(1))) {
      seen.set(word(result), (seen.get(word(result)) ?? 0) + 1)
    }
  }
  expect(seen.get('internal')).toBeUndefined()
  // They must have come past the decoder and the ante as well.
  for (const code of ['', 'message_out_of_bounds', 'not_a_host', 'insufficient_funds']) {
    expect([code, (seen.get(code) ?? 0) > 0]).toEqual([code, true])
  }
})

/** In order, as many to a block as its bytes allow; what alone has more than a block takes was refused by `checkTx`. */
function inBlocks(txs: readonly Uint8Array[]): Uint8Array[][] {
  const blocks: Uint8Array[][] = []
  let left = 0
  for (const tx of txs.filter(({ length }) => length <= BLOCK_LIMITS.bytes - RANDOMNESS_BYTES)) {
    if (left < tx.length) {
      blocks.push([])
      left = BLOCK_LIMITS.bytes - RANDOMNESS_BYTES
    }
    blocks.at(-1)?.push(tx)
    left -= tx.length
  }
  return blocks
}

/** Whatever the field for it is called. */
function withSigner(message: TypedMessage, address: string): TypedMessage {
  const named = signerOf(message)
  const fields = Object.entries(message.value).map(([name, value]) => [name, value === named ? address : value])
  return { ...message, value: Object.fromEntries(fields) } as TypedMessage
}
