import type { HostRecord } from '../../../src/host/ports.ts'
import type { TestKey } from './fixtures.ts'

/** A registered host as the chain answers it, with nothing but what paid work looks at. */
export function hostRecordOf(owner: TestKey, device: TestKey, peerId: string, active = true): HostRecord {
  return {
    owner: owner.address,
    devicePubkey: device.publicKey,
    deviceAddress: device.address,
    duties: [],
    deviceExpiryHeight: 1_000_000n,
    peerId,
    shape: 'dev',
    moniker: '',
    attestation: undefined,
    active,
    registeredHeight: 0n,
    weight: '1',
    weightPpm: 0n,
    reputationPpm: 0n,
    held: '0',
    bond: '0',
    credited: '0',
    faults: 0n,
    lastFaultCode: '',
    lastFaultTx: '',
    lastFaultHeight: 0n,
    raceEpoch: 0n,
    finds: 0n,
    findsVerified: 0n,
    raceVerdict: '',
    payoutAddress: '',
    raceShape: '',
  }
}
