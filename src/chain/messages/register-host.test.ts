import { describe, expect, it } from 'vitest'
import {
  ask,
  commitMessage,
  lookForFinds,
  recordOf,
  registerMessage,
  setActiveMessage,
} from '../../../test/support/chain/chain-duties.ts'
import type { Actor, HostActor } from '../../../test/support/chain/chain-harness.ts'
import { actorNamed, createChainHarness, hostNamed, signTx, word } from '../../../test/support/chain/chain-harness.ts'
import { signRegistration } from '../../../test/support/chain/device-signing.ts'
import { QueryHostRequest, QueryHostResponse } from '../../protocol/gen/tailrace/v1/query.ts'
import type { MsgRegisterHost } from '../../protocol/gen/tailrace/v1/tx.ts'
import { Duty } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { TypedMessage } from '../../protocol/messages.ts'
import { LOCAL_CHAIN_ID } from '../../protocol/params.ts'
import type { KeyRange } from '../state/key-space.ts'
import { epochRanges } from '../state/keys.ts'

const ada = hostNamed('ada')
const bob = hostNamed('bob')
const eve = hostNamed('eve')

function registration(message: TypedMessage, changes: Partial<MsgRegisterHost>): TypedMessage {
  return { ...message, value: { ...message.value, ...changes } } as TypedMessage
}

/** The signature of eve's device key, or of another one, over eve's registration. */
function signedBy(device: Actor, peerId: string, chainId = LOCAL_CHAIN_ID, owner = eve.owner): Uint8Array {
  return signRegistration({ chainId, owner: owner.address, peerId }, device.secret)
}

/** A chain with a host that has just registered with a real stamp. */
function createChainWith(host: HostActor): ReturnType<typeof createChainHarness> {
  const chain = createChainHarness({ hosts: [ada, bob] })
  const [stamp] = lookForFinds(chain, host, 1).right
  const result = chain.deliver(host.owner, [registerMessage(chain, host, stamp as bigint)])
  expect(result.log).toBe('')
  return chain
}

describe('MsgRegisterHost', () => {
  it('makes an empty wallet a host, without a fee', () => {
    const chain = createChainWith(eve)
    expect(recordOf(chain, eve)).toMatchObject({
      owner: eve.owner.address,
      deviceAddress: eve.device.address,
      active: true,
      weight: '0',
      weightPpm: 0n,
      reputationPpm: 0n,
      registeredHeight: 1n,
      raceVerdict: 'none',
    })
    const request = QueryHostRequest.encode({ address: eve.device.address }).finish()
    expect(ask(chain, 'Host', request, QueryHostResponse).host?.owner).toBe(eve.owner.address)
  })

  it('replaces device key, shape and texts, and keeps what the host earned', () => {
    const chain = createChainWith(eve)
    const stamp = lookForFinds(chain, eve, 2).right[1]
    const next = { owner: eve.owner, device: actorNamed('second device') }
    chain.deliver(eve.device, [setActiveMessage(eve.device.address, eve, false)])
    expect(chain.deliver(eve.owner, [registerMessage(chain, next, stamp as bigint)]).code).toBe(0)
    expect(recordOf(chain, eve)).toMatchObject({
      deviceAddress: next.device.address,
      registeredHeight: 1n,
      active: false,
    })
    const old = chain.deliver(eve.device, [setActiveMessage(eve.device.address, eve, true)])
    expect(word(old)).toBe('not_a_host')
  })

  it('is refused without a find of its own, a sound key and time to act', () => {
    const chain = createChainHarness({ hosts: [ada, bob] })
    const found = lookForFinds(chain, eve, 1)
    const good = registerMessage(chain, eve, found.right[0] as bigint)
    const wrongNonce = lookForFinds(chain, eve, 4).wrong[0] ?? 0n
    const refused = [
      registration(good, { stamp: { epoch: 0n, nonce: wrongNonce } }),
      registration(good, { stamp: { epoch: 1n, nonce: 0n } }),
      registration(good, {
        devicePubkey: ada.device.publicKey,
        deviceSignature: signedBy(ada.device, 'peer of eve'),
      }),
      registration(good, { devicePubkey: Uint8Array.of(2, ...new Uint8Array(32).fill(255)) }),
      registration(good, { deviceExpiryHeight: 0n }),
    ].map((message) => word(chain.deliver(eve.owner, [message])))
    expect(refused).toEqual([
      'stamp_invalid',
      'stamp_invalid',
      'device_key_taken',
      'device_key_invalid',
      'device_expired',
    ])
    const peerId = `peer of ${ada.owner.name}`
    const claimed = registration(good, { peerId, deviceSignature: signedBy(eve.device, peerId) })
    expect(word(chain.deliver(eve.owner, [claimed]))).toBe('peer_id_taken')
    const twice = chain.produce([chain.sign(eve.owner, [good]), chain.sign(eve.owner, [good])]).txResults
    expect(twice.slice(1).map(word)).toEqual(['', 'rate_limited'])
  })

  it('names no device key that it does not hold: the key itself signs chain, owner and peer', () => {
    const chain = createChainHarness({ hosts: [ada, bob] })
    const good = registerMessage(chain, eve, lookForFinds(chain, eve, 1).right[0] as bigint)
    const peer = 'peer of eve'
    const dan = hostNamed('dan')
    const refused = [
      // Dan's key, which nobody has registered yet, named by eve.
      registration(good, { devicePubkey: dan.device.publicKey }),
      registration(good, { deviceSignature: signedBy(eve.owner, peer) }),
      registration(good, { peerId: 'another peer' }),
      registration(good, { deviceSignature: signedBy(eve.device, peer, 'another-chain') }),
      registration(good, { deviceSignature: signedBy(eve.device, peer, LOCAL_CHAIN_ID, dan.owner) }),
      registration(good, { deviceSignature: new Uint8Array(64) }),
    ].map((message) => word(chain.deliver(eve.owner, [message])))
    expect(refused).toEqual(refused.map(() => 'device_signature_invalid'))
    // Refused before anything was written: the sequence is still the first, and no stamp check was spent.
    expect(chain.deliver(eve.owner, [good], { sequence: 0n }).log).toBe('')
  })

  it('is checked before the stamp: a block full of squatters takes no place from a newcomer', () => {
    const hosts = Array.from({ length: 9 }, (_, index) => hostNamed(`squatter ${index}`))
    const chain = createChainHarness({ hosts: [ada, bob] })
    const txs = hosts.map((host) => {
      const message = registerMessage(chain, host, lookForFinds(chain, host, 1).right[0] as bigint)
      return chain.sign(host.owner, [registration(message, { devicePubkey: eve.device.publicKey })])
    })
    const own = registerMessage(chain, eve, lookForFinds(chain, eve, 1).right[0] as bigint)
    const words = chain
      .produce([...txs, chain.sign(eve.owner, [own])])
      .txResults.slice(1)
      .map(word)
    expect(words).toEqual([...hosts.map(() => 'device_signature_invalid'), ''])
  })

  it('takes a stamp of the last race as well, and none that is older', () => {
    const chain = createChainHarness({ hosts: [ada, bob] })
    const stamp = lookForFinds(chain, eve, 1).right[0] as bigint
    const message = registerMessage(chain, eve, stamp)
    chain.produceUntil(2 * chain.params.epochLength - 1)
    expect(chain.deliver(eve.owner, [message]).log).toContain('stamp_invalid')
    const later = createChainHarness({ hosts: [ada, bob] })
    later.produceUntil(2 * later.params.epochLength - 2)
    expect(later.deliver(eve.owner, [message]).code).toBe(0)
  })
})

describe('a stamp', () => {
  it('serves one registration: nobody keeps the others out of every block with a handful of finds', () => {
    const chain = createChainWith(eve)
    const [used, fresh] = lookForFinds(chain, eve, 2).right as [bigint, bigint]
    expect(word(chain.deliver(eve.owner, [registerMessage(chain, eve, used)]))).toBe('stamp_used')
    expect(chain.deliver(eve.owner, [registerMessage(chain, eve, fresh)]).log).toBe('')
    // Used stamps go with their epoch.
    chain.produceUntil(2 * chain.params.epochLength - 1)
    const { from, to } = epochRanges(0).find((range) => range.from[0] === 0x4b) as KeyRange
    expect([...chain.store.range(from, to)]).toEqual([])
  })

  it('leaves half of the places in a block to newcomers', () => {
    const hosts = Array.from({ length: 6 }, (_, index) => hostNamed(`renewing ${index}`))
    const chain = createChainHarness({ hosts })
    const renewals = hosts.map((host) =>
      chain.sign(host.owner, [registerMessage(chain, host, lookForFinds(chain, host, 1).right[0] as bigint)]),
    )
    const joining = registerMessage(chain, eve, lookForFinds(chain, eve, 1).right[0] as bigint)
    const words = chain
      .produce([...renewals, chain.sign(eve.owner, [joining])])
      .txResults.slice(1)
      .map(word)
    expect(words).toEqual(['', '', '', '', 'stamp_budget', 'stamp_budget', ''])
  })

  it('is of a shape that carries weight: others cost nothing', () => {
    const chain = createChainHarness({ hosts: [ada, bob], params: { weightedShapes: ['std'] } })
    const message = registerMessage(chain, eve, lookForFinds(chain, eve, 1).right[0] as bigint)
    expect(word(chain.deliver(eve.owner, [message]))).toBe('stamp_invalid')
  })
})

describe('a device key', () => {
  it("takes nothing of the share of an owner whose key somebody named as his device's", () => {
    const chain = createChainHarness({ hosts: [bob] })
    const mallory = { owner: actorNamed('mallory'), device: ada.owner }
    const stamps = lookForFinds(chain, mallory, 2).right as [bigint, bigint]
    expect(chain.deliver(mallory.owner, [registerMessage(chain, mallory, stamps[0])]).log).toBe('')
    const own = registerMessage(chain, ada, lookForFinds(chain, ada, 1).right[0] as bigint)
    const words = chain
      .produce([chain.sign(mallory.owner, [registerMessage(chain, mallory, stamps[1])]), chain.sign(ada.owner, [own])])
      .txResults.slice(1)
      .map(word)
    expect(words).toEqual(['', ''])
  })

  it('acts within its duties and until it expires', () => {
    const chain = createChainHarness({ hosts: [ada, bob] })
    const found = lookForFinds(chain, eve, 2)
    const stamp = found.right[0] as bigint
    const good = registerMessage(chain, eve, stamp)
    const verifier = registration(good, { duties: [Duty.DUTY_VERIFY], deviceExpiryHeight: 3n })
    expect(chain.deliver(eve.owner, [verifier]).code).toBe(0)
    expect(word(chain.deliver(eve.device, [commitMessage(chain, eve, found.right)]))).toBe('duty_missing')
    chain.produceUntil(3)
    expect(word(chain.deliver(eve.device, [setActiveMessage(eve.device.address, eve, false)]))).toBe('device_expired')
    expect(chain.deliver(eve.owner, [setActiveMessage(eve.owner.address, eve, false)]).code).toBe(0)
  })
})

describe('MsgSetActive', () => {
  it('is for the owner and the device of that host alone', () => {
    const chain = createChainHarness({ hosts: [ada, bob] })
    expect(chain.deliver(ada.device, [setActiveMessage(ada.device.address, ada, false)]).code).toBe(0)
    expect(recordOf(chain, ada).active).toBe(false)
    const strangers = chain.produce([
      signTx(bob.device, [setActiveMessage(bob.device.address, ada, true)], { sequence: 0n }),
      signTx(bob.owner, [setActiveMessage(bob.owner.address, ada, true)], { sequence: 0n }),
      signTx(bob.device, [setActiveMessage(bob.device.address, eve, true)], { sequence: 0n }),
    ]).txResults
    expect(strangers.slice(1).map(word)).toEqual(['not_a_host', 'not_a_host', 'not_a_host'])
    expect(chain.deliver(ada.owner, [setActiveMessage(ada.owner.address, ada, true)]).code).toBe(0)
    expect(recordOf(chain, ada).active).toBe(true)
  })
})
