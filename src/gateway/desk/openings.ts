/**
 * What an executor hands to the gateway at batch time: where each of the gateway's receipts stands in the batch. And the other
 * way round: the data of a check, for a verifier whom the chain names, so that an executor that went offline is no cheat.
 */
import { equalBytes, fromHex, toHex } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { encodeAddress } from '../../protocol/address.ts'
import type { OpeningHeader, OpeningItem, WorkRequest } from '../../protocol/gen/tailrace/v1/peer.ts'
import type { BatchState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { ReceiptOpening, SignedReceipt, SignedVoucher, WorkData } from '../../protocol/gen/tailrace/v1/work.ts'
import { verifyBatchLeaf } from '../../protocol/work/batch.ts'
import { receiptHash, verifyReceipt } from '../../protocol/work/receipt.ts'
import type { DeskComponents, OrderEntry } from './ports.ts'

type Parts = Pick<DeskComponents, 'chain' | 'directory' | 'peers' | 'store' | 'logger'>

/** Serves until the signal aborts. */
export function serveOpenings(parts: Parts, signal: AbortSignal): void {
  const { peers } = parts
  const unsubscribes = [
    peers.onOpening((from, header, items) => takeOpenings(parts, from, header, items, signal)),
    peers.onWorkRequest((from, request) => answerWork(parts, from, request, signal)),
    peers.onVoucherRequest((_from, receipt) => storedVoucher(parts, receipt)),
  ]
  signal.addEventListener(
    'abort',
    () => {
      for (const unsubscribe of unsubscribes) {
        unsubscribe()
      }
    },
    { once: true },
  )
}

async function takeOpenings(
  parts: Parts,
  from: string,
  header: OpeningHeader,
  items: AsyncIterable<OpeningItem>,
  signal: AbortSignal,
): Promise<number> {
  const { chain, directory, store } = parts
  const host = directory.hostOfPeer(from)
  const { batch } = await chain.batch(header.batch, signal)
  const isOfHost = host !== undefined && host.owner === header.executor
  if (!isOfHost || batch === undefined || !isHeaderOf(header, batch)) {
    return 0
  }
  const { id, txHash, root, sum, leaves } = batch
  let kept = 0
  let seen = 0
  for await (const { opening } of items) {
    seen += 1
    if (seen > leaves) {
      break
    }
    const orderHash = opening?.leaf?.orderHash
    const entry = orderHash && (await store.order(toHex(orderHash)))
    if (opening !== undefined && entry !== undefined && isOfOrder(opening, entry, header, host.devicePublicKey)) {
      await store.setBatch(entry.orderHash, { id, txHash, root, sum, leaves, opening })
      kept += 1
    }
  }
  return kept
}

function isHeaderOf(header: OpeningHeader, batch: BatchState): boolean {
  return (
    header.executor === encodeAddress(batch.executor) &&
    equalBytes(header.root, batch.root) &&
    header.sum === batch.sum &&
    header.leaves === batch.leaves
  )
}

/** Of an order without a voucher the executor may have brought whatever receipt it signed: it is shown with its price. */
function isOfOrder(
  opening: ReceiptOpening,
  { executor, orderHash, receipt: own }: OrderEntry,
  { executor: host, root, sum, leaves }: OpeningHeader,
  devicePublicKey: Uint8Array,
): boolean {
  const { leaf, receipt: signed } = opening
  const receipt = signed?.receipt
  return (
    leaf !== undefined &&
    signed !== undefined &&
    receipt !== undefined &&
    (own === undefined || executor === host) &&
    equalBytes(receipt.orderHash, fromHex(orderHash)) &&
    equalBytes(leaf.receiptHash, receiptHash(receipt)) &&
    (own?.receipt === undefined || equalBytes(leaf.receiptHash, receiptHash(own.receipt))) &&
    encodeAddress(receipt.executor) === host &&
    verifyReceipt(receipt, signed.signature, devicePublicKey) &&
    verifyBatchLeaf({ hash: root, sum }, leaves, opening) !== undefined
  )
}

/** Order and tokens to whom the chain drew for this check; the executor's scores once the chain shows the asker's own commit. */
async function answerWork(
  { chain, directory, store }: Parts,
  from: string,
  request: WorkRequest,
  signal: AbortSignal,
): Promise<WorkData | undefined> {
  const asker = directory.hostOfPeer(from)
  const data = await store.workData(toHex(request.orderHash))
  if (asker === undefined || data === undefined) {
    return undefined
  }
  const { checks } = await chain.batch(request.batch, signal)
  const check = checks.find(({ point }) => point === request.point)
  const isThisOrder = equalBytes(check?.opening?.leaf?.orderHash ?? new Uint8Array(0), request.orderHash)
  const isAsker = ({ host }: { host: Uint8Array }): boolean => encodeAddress(host) === asker.owner
  const drawn = check?.checkers.find(isAsker) ?? check?.arbiters.find(isAsker)
  if (!isThisOrder || drawn === undefined) {
    return undefined
  }
  const isArbiter = check?.arbiters.some(isAsker) === true
  const maySeeScores = request.withScores && (isArbiter || drawn.commit.length > 0)
  return maySeeScores ? data : { ...data, scores: new Uint8Array(0) }
}

/** No voucher is a last word: the executor acts on it. @throws CodedError `order_open` where one may still be given */
async function storedVoucher({ store }: Parts, signed: SignedReceipt): Promise<SignedVoucher | undefined> {
  const { receipt } = signed
  const entry = receipt && (await store.order(toHex(receipt.orderHash)))
  const isOpen = entry?.state === 'drawing' || entry?.state === 'streaming'
  if (receipt !== undefined && isOpen && entry.executor === encodeAddress(receipt.executor)) {
    throw new CodedError('order_open', 'its receipt may be on its way through the stream')
  }
  const own = entry?.receipt?.receipt
  const isSame = receipt !== undefined && own !== undefined && equalBytes(receiptHash(own), receiptHash(receipt))
  return isSame ? entry?.voucher : undefined
}
