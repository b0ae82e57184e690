import type { BlockContext } from '../context.ts'
import { ownerText, readHost, updateHost } from '../state/hosts.ts'
import { extensionPendingKey } from '../state/keys.ts'
import { readEpochState, readRace, writeRace } from '../state/races.ts'
import { convict } from './conviction.ts'

export interface WrongFind {
  readonly epoch: number
  readonly host: Uint8Array
  readonly nonce: bigint
  readonly evidenceTx: string
  readonly finder: Uint8Array | undefined
}

/** So many proven wrong finds in one race are fraud; fewer are an accident that costs the find and more checks. */
const WRONG_FINDS_OF_FRAUD = 2

/** Records that a committed find was re-executed and is none: the first one is removed and draws more, the second convicts. */
export function recordWrongFind(context: BlockContext, wrong: WrongFind): void {
  const { store } = context
  const { epoch, host, nonce, evidenceTx, finder } = wrong
  const race = readRace(store, epoch, host)
  if (race === undefined || race.wrongNonces.includes(nonce)) {
    return
  }
  const wrongNonces = [...race.wrongNonces, nonce]
  const isFraud = wrongNonces.length >= WRONG_FINDS_OF_FRAUD
  const canExtend = !isFraud && readEpochState(store, epoch)?.settled === false
  writeRace(store, epoch, host, { ...race, wrongNonces, extensionPending: canExtend })
  if (readHost(store, host)?.raceEpoch === BigInt(epoch)) {
    updateHost(store, host, { finds: BigInt(race.count - wrongNonces.length) })
  }
  context.emit('find_removed', { host: ownerText(host), epoch, nonce, evidence_tx: evidenceTx })
  if (canExtend) {
    store.set(extensionPendingKey(epoch, host), Uint8Array.of(1))
  } else {
    store.delete(extensionPendingKey(epoch, host))
  }
  if (isFraud) {
    convict(context, { host, code: 'forged_find', faultEpoch: epoch, evidenceTx, finder })
  }
}
