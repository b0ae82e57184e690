import type { ReactNode } from 'react'
import type { ScreenPhase, ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { fragmentOf } from '../../state/pages.ts'
import { useScreen } from '../../state/use-screen.ts'

type ChipTone = 'still' | 'waiting' | 'working' | 'earning' | 'fault'

/** One or two words for each phase; the sentence stands on the first page. */
const PHASES: Readonly<Record<ScreenPhase, { readonly name: string; readonly tone: ChipTone }>> = {
  idle: { name: 'Not joined', tone: 'still' },
  checking_device: { name: 'Checking', tone: 'waiting' },
  joining: { name: 'Joining', tone: 'waiting' },
  waiting_for_race: { name: 'Waiting', tone: 'waiting' },
  racing: { name: 'Racing', tone: 'working' },
  being_verified: { name: 'Verifying', tone: 'working' },
  settled: { name: 'Earning', tone: 'earning' },
  leaving: { name: 'Leaving', tone: 'still' },
  stopped_by_fault: { name: 'Stopped', tone: 'fault' },
}

/** What the host does, on every page; leads to the first. */
export function StateChip({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const isConnected = useScreen((state) => state.link === 'connected')
  const { name, tone } = isConnected ? chipOf(snapshot) : { name: 'Offline', tone: 'fault' as const }
  return (
    <a className="state-chip" data-tone={tone} href={fragmentOf('home')} data-testid="state-chip">
      <span className="state-dot" aria-hidden="true" />
      <span className="only-for-readers">Your host: </span>
      {name}
    </a>
  )
}

function chipOf({ phase, standing, work }: ScreenSnapshot): { readonly name: string; readonly tone: ChipTone } {
  if (phase === 'settled' && (standing?.weightPpm ?? 0) === 0) {
    return { name: 'No weight', tone: 'waiting' }
  }
  return work !== null && work.finishing !== null ? { name: 'Finishing', tone: 'waiting' } : PHASES[phase]
}
