/**
 * Payers who promise more than they have (protocol §3): two orders of one sequence, or one whose total is above what the escrow
 * may ever owe. Whoever sees an order notes it; a contradiction is proved on chain, which makes the executors whole.
 */
import { equalBytes, toHex } from '../../lib/bytes.ts'
import { errorCode } from '../../lib/coded-error.ts'
import { encodeAddress } from '../../protocol/address.ts'
import type { EscrowState } from '../../protocol/gen/tailrace/v1/state.ts'
import { MsgProveOvercommit } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { SignedOrder } from '../../protocol/gen/tailrace/v1/work.ts'
import { orderHash, verifyOrder } from '../../protocol/work/order.ts'
import type { HostContext } from '../context.ts'
import { refusalOf, submitMessage } from '../submitting.ts'
import type { CheckingComponents } from './checks/checking-components.ts'
import { isOvercommitted } from './orders/acceptance.ts'
import type { Suspicion } from './work-context.ts'

type OvercommitComponents = Pick<CheckingComponents, 'chain' | 'store' | 'view' | 'suspicions'>

export interface Overcommit {
  /** For an order that this host did not receive itself: verifies it and reports what it contradicts. */
  note(order: SignedOrder, signal: AbortSignal): Promise<void>
  /** Proves what is reported until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

/** Payers that wait for their proof; more are forgotten, whoever sees them next reports them again. */
const MOST_WAITING = 64
const MOST_ATTEMPTS = 4

export function createOvercommit(host: HostContext, components: OvercommitComponents): Overcommit {
  return {
    note: (order, signal) => noteOrder(host, components, order, signal),
    run: (signal) => proveReported(host, components, signal),
  }
}

async function noteOrder(
  { chain: { chainId } }: HostContext,
  { chain, store, suspicions }: OvercommitComponents,
  signed: SignedOrder,
  signal: AbortSignal,
): Promise<void> {
  const { order } = signed
  const escrow = order && (await chain.escrow(order.payer, signal)).escrow
  if (order?.chainId !== chainId || escrow === undefined || !isSignedFor(escrow, signed)) {
    return
  }
  const other = await store.noteOrder(signed)
  if (other !== undefined) {
    suspicions.report({ first: signed, second: other })
  } else if (isOvercommitted(order, escrow)) {
    suspicions.report({ first: signed })
  }
}

async function proveReported(host: HostContext, components: OvercommitComponents, signal: AbortSignal): Promise<void> {
  const waiting = new Map<string, Suspicion>()
  let bell = Promise.withResolvers<void>()
  const unsubscribe = components.suspicions.onReport((suspicion) => {
    const payer = suspicion.first.order?.payer
    if (payer !== undefined && waiting.size < MOST_WAITING) {
      waiting.set(toHex(payer), suspicion)
      bell.resolve()
    }
  })
  const onAbort = () => bell.resolve()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    while (!signal.aborted) {
      await bell.promise
      bell = Promise.withResolvers()
      for (const [payer, suspicion] of waiting) {
        await proveOne(host, components, suspicion, signal)
        waiting.delete(payer)
      }
      if (signal.aborted) {
        return
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    unsubscribe()
  }
}

/** Gives up after some attempts, or where the chain knows already. */
async function proveOne(
  host: HostContext,
  { chain, view }: OvercommitComponents,
  suspicion: Suspicion,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const { height } = await host.watch.until(() => true, signal)
    try {
      const payer = suspicion.first.order?.payer ?? new Uint8Array(0)
      const { escrow } = await chain.escrow(payer, signal)
      if (escrow === undefined || escrow.frozen || escrow.closed || !isProof(escrow, suspicion)) {
        return
      }
      if (attempt === 0) {
        view.notice('warning', 'payer_suspected', { payer: encodeAddress(payer) })
      }
      const value = MsgProveOvercommit.fromPartial({ signer: host.keys.deviceAddress, ...suspicion })
      const typeUrl = '/tailrace.v1.MsgProveOvercommit'
      const result = await submitMessage(host, { typeUrl, value }, 'device', signal)
      if (result.status === 'executed') {
        view.notice('info', 'overcommitment_proved', { payer: encodeAddress(payer) })
        return
      }
      if (refusalOf(result) === 'final') {
        return
      }
    } catch (error) {
      signal.throwIfAborted()
      host.logger.log('debug', 'over-commitment not proved yet', { code: errorCode(error) })
    }
    await host.watch.after(height, signal)
  }
}

/** Whether the chain will see it so too: a message that it refuses helps nobody. */
function isProof(escrow: EscrowState, { first, second }: Suspicion): boolean {
  const [a, b] = [first.order, second?.order]
  if (a === undefined || !isSignedFor(escrow, first)) {
    return false
  }
  if (second === undefined) {
    return isOvercommitted(a, escrow)
  }
  return (
    b !== undefined &&
    a.sequence === b.sequence &&
    !equalBytes(orderHash(a), orderHash(b)) &&
    isSignedFor(escrow, second)
  )
}

function isSignedFor(escrow: EscrowState, { order, signature }: SignedOrder): boolean {
  return (
    order !== undefined && equalBytes(order.payer, escrow.payer) && verifyOrder(order, signature, escrow.sessionPubkey)
  )
}
