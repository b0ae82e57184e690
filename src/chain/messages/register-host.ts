import { equalBytes } from '../../lib/bytes.ts'
import { addressOfPublicKey, decodeAddress } from '../../protocol/address.ts'
import type { HostState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { MsgRegisterHost } from '../../protocol/gen/tailrace/v1/tx.ts'
import { MsgRegisterHostResponse } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { BlockContext } from '../context.ts'
import { peerKeyOf, readHost, writeHost } from '../state/hosts.ts'
import { deviceKey, stampKey } from '../state/keys.ts'
import type { MessageHandler } from '../tx/handler.ts'
import type { Rejection } from '../tx-codes.ts'
import { reject } from '../tx-codes.ts'

/** The device key's signature and the stamp, which is what a registration pays with, are checked before (tx/ante.ts). */
export const registerHostHandler: MessageHandler<MsgRegisterHost> = {
  validate: validateRegisterHost,
  apply: applyRegisterHost,
}

function validateRegisterHost(context: BlockContext, message: MsgRegisterHost): Rejection | undefined {
  if (message.deviceExpiryHeight < BigInt(context.height)) {
    return reject('device_expired', 'the device key would be expired already')
  }
  const device = decodeAddress(addressOfPublicKey(message.devicePubkey))
  const holder = context.store.get(deviceKey(device))
  const owner = decodeAddress(message.owner)
  if (holder !== undefined && !equalBytes(holder, owner)) {
    return reject('device_key_taken', 'this device key acts for another host')
  }
  const namedBy = context.store.get(peerKeyOf(message.peerId))
  return namedBy !== undefined && !equalBytes(namedBy, owner)
    ? reject('peer_id_taken', 'another host has registered this peer id')
    : undefined
}

function applyRegisterHost(context: BlockContext, message: MsgRegisterHost): Uint8Array {
  const { store, height } = context
  const owner = decodeAddress(message.owner)
  const before = readHost(store, owner)
  if (before !== undefined) {
    store.delete(deviceKey(decodeAddress(addressOfPublicKey(before.devicePubkey))))
    store.delete(peerKeyOf(before.peerId))
  }
  const device = addressOfPublicKey(message.devicePubkey)
  store.set(deviceKey(decodeAddress(device)), owner)
  store.set(peerKeyOf(message.peerId), owner)
  if (message.stamp !== undefined) {
    store.set(stampKey(Number(message.stamp.epoch), owner, message.stamp.nonce), Uint8Array.of(1))
  }
  writeHost(store, {
    ...(before ?? newHost(owner, height)),
    devicePubkey: message.devicePubkey,
    duties: message.duties,
    deviceExpiryHeight: message.deviceExpiryHeight,
    peerId: message.peerId,
    shape: message.shape,
    moniker: message.moniker,
    attestation: message.attestation,
  })
  context.emit('register_host', { host: message.owner, device, shape: message.shape })
  return MsgRegisterHostResponse.encode({}).finish()
}

/** A host that has just joined: active, without weight, earnings and history. */
export function newHost(owner: Uint8Array, height: number): HostState {
  return {
    owner,
    devicePubkey: new Uint8Array(0),
    duties: [],
    deviceExpiryHeight: 0n,
    peerId: '',
    shape: '',
    moniker: '',
    attestation: undefined,
    active: true,
    activeChangedHeight: BigInt(height),
    registeredHeight: BigInt(height),
    genesis: false,
    weight: '0',
    reputation: 0n,
    held: '0',
    bond: '0',
    released: '0',
    releasedEpochs: 0n,
    faults: 0n,
    lastFaultCode: '',
    lastFaultTx: '',
    lastFaultHeight: 0n,
    barredUntilEpoch: 0n,
    raceEpoch: 0n,
    finds: 0n,
    findsVerified: 0n,
    raceVerdict: 'none',
    raceShape: '',
    payout: new Uint8Array(0),
  }
}
