import type { MsgSubmitBatch } from '../../../../src/protocol/gen/tailrace/v1/tx.ts'
import type {
  BatchLeaf,
  Order,
  Receipt,
  ReceiptOpening,
  SignedOrder,
  SignedReceipt,
  SignedVoucher,
  WorkData,
} from '../../../../src/protocol/gen/tailrace/v1/work.ts'
import type { Actor } from '../../chain/chain-harness.ts'

/** A Merkle-sum tree over receipts, as its executor keeps it. */
export interface BatchTree {
  readonly message: MsgSubmitBatch
  readonly works: readonly DoneWork[]
  openingOf(index: number): ReceiptOpening
  /** Index of the leaf that covers a unit of [0, sum). */
  leafAt(offset: bigint): number
}

export interface DoneWork {
  readonly session: Actor
  readonly order: SignedOrder & { readonly order: Order }
  readonly receipt: SignedReceipt & { readonly receipt: Receipt }
  readonly voucher: SignedVoucher | undefined
  readonly data: WorkData
  readonly leaf: BatchLeaf
}
