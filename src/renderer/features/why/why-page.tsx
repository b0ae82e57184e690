/** Why each unit was earned or not: the answer, the sums over time, and the ledger that adds up to the chain. */
import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { useScreen } from '../../state/use-screen.ts'
import { EarningsPanel } from '../earnings/earnings-panel.tsx'
import { AnswersPanel } from './answers-panel.tsx'
import { ChartPanel } from './chart-panel.tsx'
import { LedgerPanel } from './ledger-panel.tsx'
import { useWholeLedger } from './use-whole-ledger.ts'
import './why.css'
import './ledger.css'

export function WhyPage({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const history = useScreen((state) => state.history)
  const reading = useWholeLedger()
  return (
    <>
      <AnswersPanel snapshot={snapshot} />
      <EarningsPanel snapshot={snapshot} />
      <ChartPanel entries={history.entries} isReading={reading.isReading} />
      <LedgerPanel snapshot={snapshot} history={history} reading={reading} />
    </>
  )
}
