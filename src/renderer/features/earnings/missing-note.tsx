import type { ReactNode } from 'react'
import { formatCount } from '../../format/amounts.ts'
import type { EarningsHistory } from './earnings-history.ts'
import { signedTailText } from './signed-tail.tsx'

/** What is known as a sum only. */
export function MissingNote({ history }: { readonly history: EarningsHistory }): ReactNode {
  const { missing, completeFromEpoch } = history
  if (missing.entries === '0') {
    return null
  }
  const net = BigInt(missing.held) - BigInt(missing.debitedHeld) - BigInt(missing.debitedBond)
  return (
    <p className="earn-missing number" data-testid="missing">
      The chain keeps the newest 1,000 entries of a host. {formatCount(Number(missing.entries))} older ones came to{' '}
      {signedTailText(net)} TAIL: they count in what you earned since you joined, but not in days, kinds and machines.
      Everything from epoch {formatCount(completeFromEpoch)} on is complete.
    </p>
  )
}
