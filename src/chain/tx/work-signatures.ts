import type { ReceiptOpening } from '../../protocol/gen/tailrace/v1/work.ts'
import type { TypedMessage } from '../../protocol/messages.ts'

/** Signatures inside a message of paid work that executing it verifies, at most: 1.3 ms each, and nobody pays a fee for them. */
export function workSignatures(message: TypedMessage): number {
  switch (message.typeUrl) {
    case '/tailrace.v1.MsgSubmitBatch': {
      const vouchers = message.value.lanes.filter(({ voucher }) => voucher !== undefined).length
      return vouchers + total(message.value.uncountersigned.map(openingSignatures))
    }
    case '/tailrace.v1.MsgOpenReceipts':
      return total(
        message.value.openings.map(({ opening }) => (opening === undefined ? 0 : openingSignatures(opening))),
      )
    case '/tailrace.v1.MsgProveOvercommit':
      return message.value.second === undefined ? 1 : 2
    default:
      return 0
  }
}

/** Order, receipt, voucher and the refusals of those who were skipped. */
function openingSignatures({ receipt, voucher }: ReceiptOpening): number {
  const refusals = (receipt?.receipt?.skipped ?? []).filter(({ refusal }) => refusal !== undefined).length
  return 2 + (voucher === undefined ? 0 : 1) + refusals
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0)
}
