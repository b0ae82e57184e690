import { DENOM } from '../../protocol/params.ts'
import type { BlockContext } from '../context.ts'
import { payOut } from '../state/bank.ts'
import { ownerText } from '../state/hosts.ts'
import { contentOf, readEscrow, writeEscrow } from '../state/work/escrows.ts'
import { escrowReleasesUntil } from '../state/work/work-keys.ts'

/** Escrows paid back at the end of one block; the rest waits for the next. */
const RELEASES_PER_BLOCK = 32

/** End of every block: escrows whose waiting time is over go back to their owners, the guarantee included, and are closed for good. */
export function releaseEscrows(context: BlockContext): void {
  const { store, height } = context
  const { from, to } = escrowReleasesUntil(height)
  for (const [key] of [...store.range(from, to, { limit: RELEASES_PER_BLOCK })]) {
    store.delete(key)
    const escrow = readEscrow(store, key.slice(-20))
    if (escrow === undefined || escrow.closed) {
      continue
    }
    const amount = contentOf(escrow)
    writeEscrow(store, { ...escrow, guarantee: 0n, released: escrow.released + amount, closed: true })
    payOut(store, 'escrows', escrow.owner, amount)
    const [payer, owner] = [ownerText(escrow.payer), ownerText(escrow.owner)]
    context.emit('escrow_released', { payer, owner, amount: `${amount}${DENOM}` })
  }
}
