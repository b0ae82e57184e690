import { bytesToBigint, equalBytes } from '../lib/bytes.ts'
import { CodedError, errorCode } from '../lib/coded-error.ts'
import { decodeAddress } from '../protocol/address.ts'
import type { DeviceReport } from '../protocol/compute.ts'
import { Duty, MsgRegisterHost, MsgSetActive } from '../protocol/gen/tailrace/v1/tx.ts'
import { MESSAGE_LIMITS } from '../protocol/messages.ts'
import type { ChainSnapshot } from './chain-snapshot.ts'
import type { HostContext } from './context.ts'
import type { BackendChoice, CheckedDevice } from './device-choice.ts'
import { chooseBackend } from './device-choice.ts'
import type { HostRecord } from './ports.ts'
import { submitMessage } from './submitting.ts'
import type { HostView } from './view.ts'

/** Attempts at a transaction before joining or leaving gives up, one block apart at least. */
const MAX_ATTEMPTS = 8
/** Blocks between attempts to reach a compute backend: 1, 2, 4 … at most this. */
const MAX_COMPUTE_PAUSE_BLOCKS = 16
const DEFAULT_LIFETIME_BLOCKS = 6_307_200
/** Far below the largest nonce, so that the search never runs out of them. */
const STAMP_START_BYTES = 6
/** A registration is renewed when it would expire within so many epochs. */
const RENEW_BEFORE_EPOCHS = 2

/** Probes the backends until one answers. @throws CodedError `no_conformant_backend` */
export async function checkDevice(context: HostContext, signal: AbortSignal): Promise<CheckedDevice> {
  // Before the answer: what comes while it is on its way is news.
  const generation = context.compute.generation?.()
  const device = await probe(context, signal)
  const choice = chooseBackend(device, context.options)
  if (choice === undefined) {
    const stage = device.backends.find((backend) => !backend.conformant)?.firstDifference ?? 'none'
    context.view.update({ device, backend: undefined })
    context.view.notice('error', 'no_conformant_backend', { stage })
    throw new CodedError('no_conformant_backend', 'no backend computes the race exactly', { fields: { stage } })
  }
  context.view.update({ device, backend: { kind: choice.kind, reason: choice.reason } })
  if (choice.kind === 'cpu') {
    const adapter = device.backends.find((backend) => backend.kind === 'webgpu')?.adapter ?? ''
    context.view.notice('warning', 'racing_on_cpu', { reason: choice.reason, adapter })
  }
  return { ...choice, generation }
}

async function probe(context: HostContext, signal: AbortSignal): Promise<DeviceReport> {
  for (let pauseBlocks = 1; ; pauseBlocks = Math.min(MAX_COMPUTE_PAUSE_BLOCKS, 2 * pauseBlocks)) {
    try {
      return await context.compute.probe(signal)
    } catch (error) {
      signal.throwIfAborted()
      context.view.notice('warning', 'compute_unavailable', { error: errorCode(error) })
    }
    const { height } = await context.watch.until(() => true, signal)
    await context.watch.until((snapshot) => snapshot.height >= height + pauseBlocks, signal)
  }
}

/**
 * Registers where needed and sets the host active. While the owner key is locked, a registration that is good for now stands and is
 * renewed later; where there is none, this waits for the owner, as long as it takes, and says so.
 * `judge` sees each record before anything is done about it and may throw.
 * @throws CodedError `registration_failed` after 8 attempts.
 */
export async function ensureRegistered(
  context: HostContext,
  choice: BackendChoice,
  signal: AbortSignal,
  judge: (record: HostRecord | undefined) => void = () => undefined,
): Promise<void> {
  for (let attempts = 0; attempts < MAX_ATTEMPTS; ) {
    const snapshot = await context.watch.until((latest) => latest.seed !== undefined, signal)
    const record = await recordNow(context, snapshot, signal)
    judge(record)
    const isDue = needsRegistration(context, snapshot, record)
    const isWaiting = isDue && !(await context.keys.isOwnerOpen())
    const isGood = !isDue || (isWaiting && isGoodForNow(context, snapshot, record))
    tellOwner(context, isWaiting ? (isGood ? 'renew' : 'register') : undefined)
    if (isGood && record?.active === true) {
      await context.watch.until((latest) => isTakingPart(context, latest), signal)
      return
    }
    if (isGood) {
      attempts += 1
      await setActive(context, record, true, signal)
    } else if (!isWaiting) {
      attempts += 1
      await register(context, choice, snapshot, signal)
    }
    // The next block at the earliest shows what became of it.
    await context.watch.after(snapshot.height, signal)
  }
  throw new CodedError('registration_failed', 'the chain did not take the registration')
}

/** Shows for what the owner key is needed while it is locked; a notice each time that this begins. */
export function tellOwner(context: HostContext, action: HostView['ownerNeededFor']): void {
  if (context.view.current().ownerNeededFor === action) {
    return
  }
  context.view.update({ ownerNeededFor: action })
  if (action !== undefined) {
    context.view.notice('warning', 'wallet_locked', { action })
  }
}

/** Tells the chain that this host leaves. False where it could not be told within the attempts. */
export async function ensureInactive(context: HostContext, signal: AbortSignal): Promise<boolean> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const snapshot = await context.watch.until(() => true, signal)
    const record = await recordNow(context, snapshot, signal)
    if (record === undefined || !record.active) {
      return true
    }
    const result = await setActive(context, record, false, signal)
    if (result === 'executed') {
      return true
    }
    await context.watch.after(snapshot.height, signal)
  }
  return false
}

/** Registered with this machine's key and active: may race. */
export function isTakingPart(context: HostContext, snapshot: ChainSnapshot): boolean {
  const record = snapshot.record
  return record?.active === true && isOurDevice(context, record)
}

export function isOurDevice(context: HostContext, record: HostRecord): boolean {
  return equalBytes(record.devicePubkey, context.keys.devicePublicKey)
}

/** A registration that misses nothing is kept: the owner key then signs nothing. */
export function needsRegistration(
  context: HostContext,
  snapshot: ChainSnapshot,
  record: HostRecord | undefined,
): boolean {
  if (record === undefined) {
    return true
  }
  const renewHeight = snapshot.height + RENEW_BEFORE_EPOCHS * snapshot.params.epochLength
  return (
    !isOurDevice(context, record) ||
    record.peerId !== context.peers.peerId ||
    record.shape !== context.options.shape ||
    // A genesis host has attested nothing yet; a new version of this software attests anew.
    record.attestation?.engine !== engineText(context) ||
    !dutiesOf(context).every((duty) => record.duties.includes(duty)) ||
    record.deviceExpiryHeight < BigInt(Math.min(renewHeight, snapshot.height + Math.trunc(lifetimeBlocks(context) / 2)))
  )
}

/** Whether the chain takes duties under this registration at the next block, although it should be renewed. */
function isGoodForNow(context: HostContext, snapshot: ChainSnapshot, record: HostRecord | undefined): boolean {
  return (
    record !== undefined &&
    isOurDevice(context, record) &&
    record.peerId === context.peers.peerId &&
    record.shape === context.options.shape &&
    record.deviceExpiryHeight > BigInt(snapshot.height)
  )
}

/** As the registration carries it: cut to its bound, so that a long text is not taken for a new version for ever. */
function engineText(context: HostContext): string {
  return context.options.engine.slice(0, MESSAGE_LIMITS.attestationCharacters)
}

function dutiesOf({ servesWork }: HostContext): Duty[] {
  const duties = [Duty.DUTY_RACE, Duty.DUTY_VERIFY, Duty.DUTY_HEARTBEAT]
  return servesWork === true ? [...duties, Duty.DUTY_SERVE] : duties
}

function lifetimeBlocks(context: HostContext): number {
  return context.options.deviceLifetimeBlocks ?? DEFAULT_LIFETIME_BLOCKS
}

/** The snapshot's record, or a newer one where the chain answers: a transaction may have changed it since. */
async function recordNow(
  context: HostContext,
  snapshot: ChainSnapshot,
  signal: AbortSignal,
): Promise<HostRecord | undefined> {
  try {
    return await context.chain.host(context.keys.ownerAddress, signal)
  } catch {
    signal.throwIfAborted()
    // Unreachable for the moment: the attempt counts, and the transaction will tell.
    return snapshot.record
  }
}

async function register(
  context: HostContext,
  choice: BackendChoice,
  snapshot: ChainSnapshot,
  signal: AbortSignal,
): Promise<void> {
  const { keys, options, peers } = context
  const stamp = await findStamp(context, choice, snapshot, signal)
  if (stamp === undefined) {
    return
  }
  const value = MsgRegisterHost.fromPartial({
    owner: keys.ownerAddress,
    devicePubkey: keys.devicePublicKey,
    duties: dutiesOf(context),
    deviceExpiryHeight: BigInt(snapshot.height + lifetimeBlocks(context)),
    peerId: peers.peerId,
    shape: options.shape,
    moniker: options.moniker.slice(0, MESSAGE_LIMITS.monikerCharacters),
    attestation: {
      engine: engineText(context),
      backend: choice.kind,
      adapter: choice.report.adapter.slice(0, MESSAGE_LIMITS.attestationCharacters),
      conformanceDigest: choice.report.conformanceDigest,
    },
    stamp,
    deviceSignature: await keys.signRegistration(context.chain.chainId, peers.peerId),
  })
  const result = await submitMessage(context, { typeUrl: '/tailrace.v1.MsgRegisterHost', value }, 'owner', signal)
  if (result.status === 'executed') {
    context.view.notice('info', 'registered', { height: result.outcome.height, tx: result.outcome.hash })
  }
}

/** One find of the running epoch's race, under the target that the network's hosts have: what a registration costs. */
async function findStamp(
  context: HostContext,
  choice: BackendChoice,
  snapshot: ChainSnapshot,
  signal: AbortSignal,
): Promise<{ epoch: bigint; nonce: bigint } | undefined> {
  const { keys, options } = context
  const target = snapshot.targets[options.shape]
  if (snapshot.seed === undefined || target === undefined) {
    throw new CodedError('shape_not_raced', 'the network has no race of this shape', {
      fields: { shape: options.shape },
    })
  }
  const job = {
    shape: options.shape,
    epochSeed: snapshot.seed,
    host: decodeAddress(keys.ownerAddress),
    target,
    // Anywhere: a stamp serves once, and an earlier registration of this epoch may have used the first one from 0.
    startNonce: bytesToBigint(context.rng.bytes(STAMP_START_BYTES)),
    backend: choice.kind,
    dutyPpm: options.dutyPpm,
  }
  try {
    return { epoch: BigInt(snapshot.epoch), nonce: await context.compute.findOne(job, signal) }
  } catch (error) {
    signal.throwIfAborted()
    context.view.notice('warning', 'compute_unavailable', { error: errorCode(error) })
    return undefined
  }
}

/** Signed by the device where it is the registered one, else by the owner. */
async function setActive(
  context: HostContext,
  record: HostRecord | undefined,
  active: boolean,
  signal: AbortSignal,
): Promise<string> {
  const { keys } = context
  const key = record !== undefined && isOurDevice(context, record) ? 'device' : 'owner'
  const value = MsgSetActive.fromPartial({
    signer: key === 'device' ? keys.deviceAddress : keys.ownerAddress,
    host: keys.ownerAddress,
    active,
  })
  const result = await submitMessage(context, { typeUrl: '/tailrace.v1.MsgSetActive', value }, key, signal)
  return result.status
}
