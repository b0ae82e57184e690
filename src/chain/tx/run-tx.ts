/**
 * Runs one transaction: ante, then its messages in order, all or nothing. Invariant: a refused transaction changes nothing,
 * or, where its messages were refused, only the sequence and the fee; and no bytes whatsoever make this function throw.
 */
import { toHex } from '../../lib/bytes.ts'
import { errorCode, errorMessage } from '../../lib/coded-error.ts'
import { decodeAddress } from '../../protocol/address.ts'
import { encodeTxData } from '../../protocol/cosmos.ts'
import type { TypedMessage } from '../../protocol/messages.ts'
import { isDuty } from '../../protocol/messages.ts'
import { DENOM } from '../../protocol/params.ts'
import type { DecodedTx } from '../../protocol/tx.ts'
import { decodeTx } from '../../protocol/tx.ts'
import type { ChainEvent, StateStore, TxResult } from '../application.ts'
import { createCacheStore } from '../cache-store.ts'
import type { BlockContext, BlockFrame } from '../context.ts'
import type { EventList } from '../events.ts'
import { createEventList } from '../events.ts'
import { executeMessage } from '../messages/dispatch.ts'
import { readValidator } from '../state/chain-status.ts'
import { hostOfDevice, readHost } from '../state/hosts.ts'
import type { Rejection } from '../tx-codes.ts'
import { codeNumber, isTxCode, reject } from '../tx-codes.ts'
import type { TxMode } from './ante.ts'
import { applyAnte, checkAnte } from './ante.ts'
import type { BlockBudget } from './block-budget.ts'

/** Gas is an estimate for wallets: a function of the bytes alone. Nothing is priced by it. */
const GAS_PER_TX = 40_000n
const GAS_PER_BYTE = 10n
const GAS_PER_MESSAGE = 20_000n

export interface TxRun {
  readonly frame: BlockFrame
  /** Receives the writes of what is executed. */
  readonly store: StateStore
  readonly budget: BlockBudget
  readonly mode: TxMode
}

export function runTx(run: TxRun, bytes: Uint8Array): TxResult {
  let tx: DecodedTx
  try {
    tx = decodeTx(bytes)
  } catch (error) {
    const code = errorCode(error)
    return failure(reject(isTxCode(code) ? code : 'malformed_tx', errorMessage(error)), 0n, 0n, [])
  }
  const gasUsed = GAS_PER_TX + GAS_PER_BYTE * BigInt(bytes.length) + GAS_PER_MESSAGE * BigInt(tx.messages.length)
  return runDecoded(run, tx, gasUsed)
}

function runDecoded(run: TxRun, tx: DecodedTx, gasUsed: bigint): TxResult {
  const overlay = createCacheStore(run.store)
  const events = createEventList()
  const txHash = toHex(tx.hash).toUpperCase()
  const context: BlockContext = { ...run.frame, store: overlay, txHash, emit: events.emit }
  const refused = guarded(() => checkAnte(context, tx, run.budget, run.mode))
  if (refused !== undefined) {
    return failure(refused, tx.gasLimit, gasUsed, [])
  }
  applyAnte(context, tx)
  emitAnte(context, tx)
  const anteEvents = [...events.list]
  const isMempool = run.mode === 'check' || run.mode === 'recheck'
  // What nobody pays for has to be something that would succeed now: else anybody could fill blocks with refused ones.
  const isExecuted = !isMempool || tx.feeAmount === 0n
  const outcome = isExecuted ? runMessages(context, overlay, tx, events) : new Uint8Array(0)
  const isSuccess = outcome instanceof Uint8Array
  // What a mempool check refuses is not in any block: it must not use up a sequence there.
  if (isSuccess || !isMempool) {
    overlay.flush()
  }
  if (!isSuccess) {
    return failure(outcome, tx.gasLimit, gasUsed, anteEvents)
  }
  return {
    code: 0,
    codespace: '',
    log: '',
    data: outcome,
    gasWanted: tx.gasLimit,
    gasUsed,
    events: events.list,
    ...(isMempool ? { priority: priorityOf(context, tx) } : {}),
  }
}

/** See TxResult.priority. */
function priorityOf(context: BlockContext, tx: DecodedTx): number {
  if (!tx.messages.every(isDuty)) {
    return 0
  }
  const signer = decodeAddress(tx.signer)
  const host = hostOfDevice(context.store, signer) ?? readHost(context.store, signer)
  return BigInt(host?.weight ?? '0') > 0n || tx.messages.some((message) => isOfSet(context, message)) ? 2 : 1
}

/** Heartbeats and votes of keys with power. */
function isOfSet({ store }: BlockContext, { typeUrl, value }: TypedMessage): boolean {
  switch (typeUrl) {
    case '/tailrace.v1.MsgValidatorHeartbeat':
    case '/tailrace.v1.MsgVoteUpgrade':
      return (readValidator(store, value.validator)?.power ?? '0') !== '0'
    default:
      return false
  }
}

/** TxMsgData of all messages, or why the first refused one was; then the overlay below has none of their writes. */
function runMessages(
  context: BlockContext,
  below: StateStore,
  tx: DecodedTx,
  events: EventList,
): Uint8Array | Rejection {
  const overlay = createCacheStore(below)
  const inner = { ...context, store: overlay }
  const responses: { typeUrl: string; value: Uint8Array }[] = []
  for (const [index, message] of tx.messages.entries()) {
    events.emit('message', { action: message.typeUrl, sender: tx.signer, msg_index: index })
    const outcome = guarded(() => executeMessage(inner, message))
    if (!(outcome instanceof Uint8Array)) {
      return outcome
    }
    responses.push({ typeUrl: `${message.typeUrl}Response`, value: outcome })
  }
  overlay.flush()
  return encodeTxData(responses)
}

/** A rule that nobody foresaw is no reason to stop a node: every node fails this transaction alike. */
function guarded<T>(work: () => T): T | Rejection {
  try {
    return work()
  } catch (error) {
    return reject('internal', `${errorCode(error)}: ${errorMessage(error)}`)
  }
}

function emitAnte(context: BlockContext, tx: DecodedTx): void {
  if (tx.feeAmount > 0n) {
    const amount = `${tx.feeAmount}${DENOM}`
    context.emit('coin_spent', { spender: tx.signer, amount })
    context.emit('tx', { fee: amount, fee_payer: tx.signer })
  }
  context.emit('tx', { acc_seq: `${tx.signer}/${tx.sequence}` })
  context.emit('message', { sender: tx.signer })
}

function failure(rejection: Rejection, gasWanted: bigint, gasUsed: bigint, events: readonly ChainEvent[]): TxResult {
  const { code, codespace } = codeNumber(rejection.code)
  const log = `${rejection.code}: ${rejection.text}`
  return { code, codespace, log, data: new Uint8Array(0), gasWanted, gasUsed, events }
}
