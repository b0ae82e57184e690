import { describe, expect, it } from 'vitest'
import { lookForFinds, registerMessage, setActiveMessage } from '../../../test/support/chain/chain-duties.ts'
import {
  actorNamed,
  createChainHarness,
  hostNamed,
  send,
  signTx,
  stateLines,
  word,
} from '../../../test/support/chain/chain-harness.ts'
import { toHex } from '../../lib/bytes.ts'
import { decodeAddress } from '../../protocol/address.ts'
import type { TypedMessage } from '../../protocol/messages.ts'
import { decodeTx } from '../../protocol/tx.ts'
import { balanceOf, readSupply } from '../state/bank.ts'
import { sequenceOf } from '../state/chain-status.ts'

const rich = actorNamed('rich')
const other = actorNamed('other')
const ada = hostNamed('ada')
const bob = hostNamed('bob')

function createChain(): ReturnType<typeof createChainHarness> {
  return createChainHarness({ hosts: [ada, bob], accounts: [{ actor: rich, amount: 1_000n }] })
}

function setActive(signer: typeof rich, host: typeof ada, active = true): TypedMessage {
  return setActiveMessage(signer.address, host, active)
}

describe('a transfer', () => {
  it('moves the amount and the fee, and says so in events', () => {
    const chain = createChain()
    const result = chain.deliver(rich, [send(rich, other, 300n)], { fee: 20n })
    expect(result).toMatchObject({ code: 0, codespace: '', gasWanted: 200_000n })
    expect(balanceOf(chain.store, decodeAddress(rich.address))).toBe(680n)
    expect(balanceOf(chain.store, decodeAddress(other.address))).toBe(300n)
    expect(readSupply(chain.store)).toMatchObject({ genesis: 1_000n, balances: 980n, pool: 20n })
    const transfer = result.events.find(({ type }) => type === 'transfer')
    expect(transfer?.attributes).toContainEqual({ key: 'recipient', value: other.address })
    const senders = result.events.filter(({ type }) => type === 'message').flatMap(({ attributes }) => attributes)
    expect(senders).toContainEqual({ key: 'sender', value: rich.address })
    expect(senders).toContainEqual({ key: 'action', value: '/cosmos.bank.v1beta1.MsgSend' })
  })

  it('of more than there is costs sequence and fee and nothing else; the Cosmos code is 5', () => {
    const chain = createChain()
    const result = chain.deliver(rich, [send(rich, other, 400n), send(rich, other, 700n)], { fee: 10n })
    expect(result).toMatchObject({ code: 5, codespace: 'sdk' })
    expect(balanceOf(chain.store, decodeAddress(rich.address))).toBe(990n)
    expect(balanceOf(chain.store, decodeAddress(other.address))).toBe(0n)
    expect(sequenceOf(chain.store, decodeAddress(rich.address))).toBe(1n)
  })

  it('below the least fee of the network is refused before anything is written; a duty costs nothing', () => {
    const params = { feePerMessage: 20n }
    const chain = createChainHarness({ hosts: [ada, bob], accounts: [{ actor: rich, amount: 1_000n }], params })
    const cheap = chain.deliver(rich, [send(rich, other, 1n), send(rich, other, 1n)], { fee: 39n })
    expect(cheap).toMatchObject({ code: 13, codespace: 'sdk' })
    expect(sequenceOf(chain.store, decodeAddress(rich.address))).toBe(0n)
    expect(chain.deliver(rich, [send(rich, other, 1n), send(rich, other, 1n)], { fee: 40n }).code).toBe(0)
    expect(chain.deliver(ada.owner, [setActive(ada.owner, ada, false)]).code).toBe(0)
  })

  it('of another coin is refused, to oneself it changes nothing', () => {
    const chain = createChain()
    const [, foreign, own] = chain.produce([
      chain.sign(rich, [send(rich, other, 1n, 'uatom')]),
      chain.sign(rich, [send(rich, rich, 1_000n)]),
    ]).txResults
    expect(word(foreign)).toBe('invalid_coins')
    expect(own?.code).toBe(0)
    expect(balanceOf(chain.store, decodeAddress(rich.address))).toBe(1_000n)
  })
})

describe('the ante', () => {
  it('refuses what is not signed right, and then nothing has changed', () => {
    const chain = createChain()
    const message = [send(rich, other, 1n)]
    const good = signTx(rich, message, { sequence: 0n })
    const broken = good.slice()
    broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1
    const highS = withHighS(good)
    const txs = [
      broken,
      highS,
      signTx(rich, message, { sequence: 0n, unsigned: true }),
      signTx(rich, message, { sequence: 0n, chainId: 'tailrace-1' }),
      signTx(rich, message, { sequence: 0n, publicKey: other.publicKey }),
      signTx(rich, message, { sequence: 0n, publicKey: new Uint8Array(33).fill(5) }),
      signTx(other, message, { sequence: 0n }),
      signTx(rich, message, { sequence: 1n }),
      signTx(rich, message, { sequence: 0n, timeoutHeight: 0n, fee: 1_001n }),
      new Uint8Array(0),
      Uint8Array.of(0, 0x52, 1, 2, 3),
      new Uint8Array(140_000),
    ]
    chain.produce()
    const before = stateLines(chain)
    const words = chain.produce(txs).txResults.slice(1).map(word)
    expect(words).toEqual([
      'unauthorized',
      'unauthorized',
      'unauthorized',
      'unauthorized',
      'unauthorized',
      'invalid_public_key',
      'unauthorized',
      'wrong_sequence',
      'insufficient_funds',
      'unsupported_tx',
      'malformed_tx',
      'tx_too_large',
    ])
    expect(stateLines(chain)).toEqual(before)
  })

  it('knows a timeout height', () => {
    const chain = createChain()
    chain.produceUntil(3)
    const [, late, inTime] = chain.produce([
      signTx(rich, [send(rich, other, 1n)], { sequence: 0n, timeoutHeight: 3n }),
      signTx(rich, [send(rich, other, 1n)], { sequence: 0n, timeoutHeight: 4n }),
    ]).txResults
    expect(late).toMatchObject({ code: 30, codespace: 'sdk' })
    expect(inTime?.code).toBe(0)
  })

  it('lets a sequence be used once, within one block as well', () => {
    const chain = createChain()
    const tx = signTx(rich, [send(rich, other, 1n)], { sequence: 0n })
    const [, first, again] = chain.produce([tx, tx]).txResults
    expect([first?.code, again?.code]).toEqual([0, 32])
    expect(chain.produce([tx]).txResults[1]?.code).toBe(32)
  })

  it('limits free messages per host and block, and counts no refused one', () => {
    const chain = createChain()
    const results = chain.produce([
      chain.sign(ada.device, [setActive(ada.device, ada)]),
      signTx(ada.device, [setActive(ada.device, ada)], { sequence: 9n }),
      // The owner and the device act for one host: they share its limit.
      chain.sign(ada.owner, [setActive(ada.owner, ada)]),
      signTx(ada.device, [setActive(ada.device, ada)], { sequence: 1n }),
      chain.sign(bob.device, [setActive(bob.device, bob), setActive(bob.device, bob), setActive(bob.device, bob)]),
      signTx(bob.device, [setActive(bob.device, bob), setActive(bob.device, bob)], { sequence: 0n }),
    ]).txResults
    expect(results.slice(1).map(word)).toEqual(['', 'wrong_sequence', '', 'rate_limited', 'rate_limited', ''])
    expect(chain.produce([signTx(ada.device, [setActive(ada.device, ada)], { sequence: 1n })]).txResults[1]?.code).toBe(
      0,
    )
  })

  it('recomputes at most eight stamps a block', () => {
    const chain = createChain()
    const joining = Array.from({ length: 9 }, (_, index) => hostNamed(`joining ${index}`))
    const results = chain.produce(
      // A nonce that is no find may be among them: its check costs as much.
      joining.map((host) => chain.sign(host.owner, [registerMessage(chain, host, 1n)])),
    ).txResults
    const words = results.slice(1).map(word)
    expect(words.slice(0, 8).every((text) => text === '' || text === 'stamp_invalid')).toBe(true)
    expect(words[8]).toBe('stamp_budget')
  })
})

describe('the mempool view', () => {
  it('counts sequences between blocks and forgets them at the commit', () => {
    const chain = createChain()
    const [first, second] = [0n, 1n].map((sequence) => signTx(rich, [send(rich, other, 1n)], { sequence }))
    expect(chain.app.checkTx(second as Uint8Array).code).toBe(32)
    expect(chain.app.checkTx(first as Uint8Array).code).toBe(0)
    expect(chain.app.checkTx(first as Uint8Array).code).toBe(32)
    expect(chain.app.checkTx(second as Uint8Array).code).toBe(0)
    expect(sequenceOf(chain.store, decodeAddress(rich.address))).toBe(0n)
    chain.produce([first as Uint8Array])
    expect(chain.app.checkTx(first as Uint8Array).code).toBe(32)
    expect(chain.app.checkTx(second as Uint8Array, { recheck: true }).code).toBe(0)
  })

  it('refuses a free transaction that would fail, and does not use its sequence', () => {
    const chain = createChain()
    const stranger = actorNamed('stranger')
    expect(word(chain.app.checkTx(chain.sign(stranger, [setActive(stranger, ada)])))).toBe('not_a_host')
    const early: TypedMessage = {
      typeUrl: '/tailrace.v1.MsgCommitFinds',
      value: { signer: ada.device.address, epoch: 5n, nonces: [1n] },
    }
    expect(word(chain.app.checkTx(signTx(ada.device, [early], { sequence: 0n })))).toBe('wrong_epoch')
    expect(chain.app.checkTx(signTx(ada.device, [setActive(ada.device, ada)], { sequence: 0n })).code).toBe(0)
  })

  it('refuses a transfer without a fee that would fail, so that empty accounts fill no blocks', () => {
    const chain = createChain()
    const empty = actorNamed('empty')
    expect(chain.app.checkTx(signTx(empty, [send(empty, rich, 1n)], { sequence: 0n })).code).toBe(5)
  })

  it('says how urgent a transaction is: duties of hosts with weight first, transfers last', () => {
    const chain = createChain()
    const eve = hostNamed('eve')
    const stamp = lookForFinds(chain, eve, 1).right[0] as bigint
    const priorities = [
      signTx(ada.device, [setActive(ada.device, ada)], { sequence: 0n }),
      signTx(eve.owner, [registerMessage(chain, eve, stamp)], { sequence: 0n }),
      signTx(rich, [send(rich, other, 1n)], { sequence: 0n }),
    ].map((tx) => chain.app.checkTx(tx).priority)
    expect(priorities).toEqual([2, 1, 0])
  })

  it('simulates without a signature and changes nothing', () => {
    const chain = createChain()
    const unsigned = signTx(rich, [send(rich, other, 5n)], { sequence: 0n, unsigned: true })
    const simulated = chain.app.simulate(unsigned)
    expect(simulated.code).toBe(0)
    expect(simulated.gasUsed).toBe(60_000n + 10n * BigInt(unsigned.length))
    expect(chain.app.simulate(signTx(rich, [send(rich, other, 5_000n)], { unsigned: true })).code).toBe(5)
    expect(chain.app.checkTx(signTx(rich, [send(rich, other, 5n)], { sequence: 0n })).code).toBe(0)
    expect(balanceOf(chain.store, decodeAddress(other.address))).toBe(0n)
  })
})

const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** The same signature with n − s: valid mathematics, a second encoding. */
function withHighS(tx: Uint8Array): Uint8Array {
  const { signature } = decodeTx(tx)
  const s = BigInt(`0x${toHex(signature.slice(32))}`)
  const flipped = (CURVE_ORDER - s).toString(16).padStart(64, '0')
  const bytes = tx.slice()
  bytes.set(Uint8Array.from(flipped.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? []), tx.length - 32)
  return bytes
}
