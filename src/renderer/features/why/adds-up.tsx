import type { ReactNode } from 'react'
import { useEffect, useState } from 'react'
import type { LedgerTotalsWire, Standing } from '../../../ipc/snapshot.ts'
import type { LedgerHistory } from '../../state/ledger-history.ts'
import { TailAmount } from '../earnings/tail-amount.tsx'
import { balanceOf, isSameAsChain, isSumOfEntries } from './ledger-sums.ts'

interface AddsUpProps {
  readonly totals: LedgerTotalsWire
  readonly standing: Standing
  readonly history: LedgerHistory
  /** Of the chain. */
  readonly height: number
}

/** Earned − taken = held + bond + credited, and whether the chain's own record says the same. */
export function AddsUp({ totals, standing, history, height }: AddsUpProps): ReactNode {
  const balance = balanceOf(totals)
  const oldest = history.entries.at(-1)?.sequence
  const isWhole = oldest === '1' && history.entries[0]?.sequence === totals.lastSequence
  const isEqual = isSameAsChain(balance, standing) && (!isWhole || isSumOfEntries(history.entries, totals))
  const state = useSteady(isEqual, height)
  return (
    <div className="sums" data-state={state} data-testid="adds-up">
      <p className="sums-line number">
        <Sum name="earned" amount={balance.earned} />
        <span className="sums-sign">−</span>
        <Sum name="taken" amount={balance.taken} />
        <span className="sums-sign">=</span>
        <Sum name="held" amount={balance.held} />
        <span className="sums-sign">+</span>
        <Sum name="bond" amount={balance.bond} />
        <span className="sums-sign">+</span>
        <Sum name="credited" amount={balance.credited} />
      </p>
      <p className="sums-word">{WORDS[state]}</p>
    </div>
  )
}

const WORDS = {
  equal: 'Adds up to what the chain says of this host, to the last unit.',
  comparing: 'Comparing with what the chain says …',
  differs:
    'This is not what the chain says of this host. That is a defect: please report it with the logs and the list below.',
} as const

function Sum({ name, amount }: { readonly name: string; readonly amount: bigint }): ReactNode {
  const isNegative = amount < 0n
  return (
    <span className="sums-sum">
      <span className="sums-amount">
        {isNegative && '−'}
        <TailAmount utail={(isNegative ? -amount : amount).toString()} />
      </span>
      <span className="sums-name">{name}</span>
    </span>
  )
}

/** Ledger and record are read one after the other, so for some blocks they may differ. */
const PATIENCE_BLOCKS = 4

function useSteady(isEqual: boolean, height: number): keyof typeof WORDS {
  const [since, setSince] = useState<number | undefined>(undefined)
  useEffect(() => {
    setSince((known) => (isEqual ? undefined : (known ?? height)))
  }, [isEqual, height])
  if (isEqual) {
    return 'equal'
  }
  return since !== undefined && height - since >= PATIENCE_BLOCKS ? 'differs' : 'comparing'
}
