import { readHost } from '../../../../src/chain/state/hosts.ts'
import { stampKey } from '../../../../src/chain/state/keys.ts'
import { readEpochState, readTarget } from '../../../../src/chain/state/races.ts'
import { Duty } from '../../../../src/protocol/gen/tailrace/v1/tx.ts'
import { registrationHash } from '../../../../src/protocol/registration.ts'
import { isFind } from '../../../../src/race/find.ts'
import { setActiveMessage, setPayoutMessage } from '../../chain/chain-duties.ts'
import type { Actor, HostActor } from '../../chain/chain-harness.ts'
import { pick } from '../../malformed/bend-bytes.ts'
import { bytesOfActor } from '../cast.ts'
import type { Draft } from '../draft.ts'
import { attempts } from '../machine.ts'
import { chance } from '../random.ts'
import type { Move, World } from '../world.ts'
import { anyLiveHost } from '../world.ts'
import { anybody } from './bank-moves.ts'

export const HOST_MOVES: readonly Move[] = [
  { typeUrl: '/tailrace.v1.MsgRegisterHost', weight: 2, make: makeRegistration },
  { typeUrl: '/tailrace.v1.MsgSetActive', weight: 1, make: makeSwitch },
  { typeUrl: '/tailrace.v1.MsgSetPayout', weight: 1, make: makePayout },
]

const STAMPS_TRIED = 40n
const FAR = 1n << 40n

/** Somebody new, or a registered host with another device. */
function makeRegistration(world: World): Draft | undefined {
  const { random, cast } = world
  const host = pick(random, chance(random, 0.7) ? cast.newcomers : cast.founders)
  const device = chance(random, 0.7) ? host.device : cast.otherDevice(host)
  return registration(world, host, device)
}

export function registration(world: World, host: HostActor, device: Actor): Draft | undefined {
  const { random, chainId, height } = world
  const owner = host.owner.address
  const epoch = chance(random, 0.8) ? world.epoch.epoch : world.epoch.epoch - 1
  const nonce = stampOf(world, bytesOfActor(host.owner), epoch)
  if (nonce === undefined) {
    return undefined
  }
  const peerId = `peer of ${host.owner.name}`
  const duties = [Duty.DUTY_RACE, Duty.DUTY_VERIFY, Duty.DUTY_HEARTBEAT, Duty.DUTY_SERVE]
  const value = {
    owner,
    devicePubkey: device.publicKey,
    duties: chance(random, 0.9) ? duties : duties.slice(0, 1),
    deviceExpiryHeight: chance(random, 0.9) ? FAR : BigInt(height + 6),
    peerId,
    shape: 'dev',
    moniker: host.owner.name,
    attestation: { engine: 'test', backend: 'cpu', adapter: '', conformanceDigest: new Uint8Array(32) },
    stamp: { epoch: BigInt(epoch), nonce },
    deviceSignature: world.sign(device, registrationHash({ chainId, owner, peerId })),
  }
  return { actor: host.owner, messages: [{ typeUrl: '/tailrace.v1.MsgRegisterHost', value }] }
}

/** A find of that race that served no registration yet, or now and then one that did. */
function stampOf({ store, random }: World, owner: Uint8Array, epoch: number): bigint | undefined {
  const seed = epoch < 0 ? undefined : readEpochState(store, epoch)?.seed
  const target = epoch < 0 ? undefined : readTarget(store, epoch, 'dev')
  if (seed === undefined || seed.length === 0 || target === undefined) {
    return undefined
  }
  const isFresh = !chance(random, 0.05)
  for (let nonce = 0n; nonce < STAMPS_TRIED; nonce++) {
    const isFree = !isFresh || store.get(stampKey(epoch, owner, nonce)) === undefined
    if (isFree && isFind(attempts.attempt('dev', seed, owner, nonce), target)) {
      return nonce
    }
  }
  return undefined
}

/** On again rather than off: a network of hosts that left has nothing to test. */
function makeSwitch(world: World): Draft | undefined {
  const host = anyLiveHost(world)
  if (host === undefined) {
    return undefined
  }
  const active = !host.state.active || chance(world.random, 0.4)
  const isExpired = BigInt(world.height) > host.state.deviceExpiryHeight
  const signer = isExpired || chance(world.random, 0.3) ? host.owner : host.device
  return { actor: signer, messages: [setActiveMessage(signer.address, host, active)] }
}

function makePayout(world: World): Draft | undefined {
  const { random, cast, store } = world
  const { owner } = pick(random, [...cast.founders, ...cast.newcomers])
  if (readHost(store, bytesOfActor(owner)) === undefined) {
    return undefined
  }
  const payout = chance(random, 0.4) ? '' : anybody(world).address
  return { actor: owner, messages: [setPayoutMessage(owner.address, payout)] }
}
