/**
 * The first page answers three questions at a glance: does it work (the way), what did it bring (today, the sums), what comes next and
 * does anything need me. Invariant: these keep their places through all phases; only the lists below grow. Read next:
 * ../way/way.tsx, today-card.tsx, next-card.tsx, attention-card.tsx.
 */
import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { EarningsPanel } from '../earnings/earnings-panel.tsx'
import { EarnedPanel } from '../story/earned-panel.tsx'
import { MessagesPanel } from '../story/messages-panel.tsx'
import { Tour } from '../tour/tour.tsx'
import { Way } from '../way/way.tsx'
import { WorkStrip } from '../work/work-strip.tsx'
import { AttentionCard } from './attention-card.tsx'
import { NextCard } from './next-card.tsx'
import { TodayCard } from './today-card.tsx'
import './home.css'

export function HomePage({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  return (
    <>
      <Tour snapshot={snapshot} />
      <Way snapshot={snapshot} />
      <div className="glance">
        <TodayCard snapshot={snapshot} />
        <NextCard snapshot={snapshot} />
        <AttentionCard snapshot={snapshot} />
      </div>
      <EarningsPanel snapshot={snapshot} />
      {snapshot.work !== null && <WorkStrip work={snapshot.work} />}
      <div className="columns">
        <EarnedPanel snapshot={snapshot} />
        <MessagesPanel snapshot={snapshot} />
      </div>
    </>
  )
}
