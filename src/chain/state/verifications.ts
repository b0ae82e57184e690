import { toHex } from '../../lib/bytes.ts'
import type { AssignedFindState } from '../../protocol/gen/tailrace/v1/state.ts'
import { SampleState, VerificationState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { AssignedFind } from '../../protocol/verification.ts'
import type { StateStore } from '../application.ts'
import { sampleKey, verificationKey, verificationRange } from './keys.ts'
import { getRecord, listRecords, setRecord } from './records.ts'

/** Samples and verifiers' duties. An assignment is stored once, by host; a verifier's list of leaves is put together on demand. */

export interface VerificationAt {
  readonly verifier: Uint8Array
  readonly round: number
  readonly duty: VerificationState
}

export function readSample(store: StateStore, epoch: number, round: number, host: Uint8Array): SampleState | undefined {
  return getRecord(store, sampleKey(epoch, round, host), SampleState)
}

export function writeSample(
  store: StateStore,
  epoch: number,
  round: number,
  host: Uint8Array,
  sample: SampleState,
): void {
  setRecord(store, sampleKey(epoch, round, host), SampleState, sample)
}

export function readVerification(
  store: StateStore,
  epoch: number,
  round: number,
  verifier: Uint8Array,
): VerificationState | undefined {
  return getRecord(store, verificationKey(epoch, verifier, round), VerificationState)
}

export function writeVerification(
  store: StateStore,
  epoch: number,
  round: number,
  verifier: Uint8Array,
  duty: VerificationState,
): void {
  setRecord(store, verificationKey(epoch, verifier, round), VerificationState, duty)
}

/** Duties of the epoch, of all verifiers or of one, by verifier and round. */
export function listVerifications(store: StateStore, epoch: number, verifier?: Uint8Array): VerificationAt[] {
  return [...listRecords(store, verificationRange(epoch, verifier), VerificationState)].map(([key, duty]) => ({
    ...verificationAddress(key),
    duty,
  }))
}

/** Verifier and round from the end of a key: … ‖ verifier(20) ‖ round(1). */
export function verificationAddress(key: Uint8Array): { readonly verifier: Uint8Array; readonly round: number } {
  return { verifier: key.slice(key.length - 21, key.length - 1), round: key[key.length - 1] as number }
}

/** The leaves of a verifier's tree, in order: by host, then by nonce. */
export function assignedFinds(
  store: StateStore,
  epoch: number,
  round: number,
  duty: VerificationState,
): AssignedFind[] {
  return duty.hosts.flatMap((host) => {
    const nonces = readSample(store, epoch, round, host)?.nonces ?? []
    return nonces.map((nonce) => ({ host, nonce }))
  })
}

/** A find as a key of a Set. */
export function findId(find: AssignedFind | AssignedFindState): string {
  return `${toHex(find.host)}/${find.nonce}`
}
