/** The upper part of the screen: where this host stands, in words and as a picture, and the one button. */
import type { ReactNode } from 'react'
import { useMemo } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { useActions, useHostNow, useScreen } from '../../state/use-screen.ts'
import { MillRace } from '../picture/mill-race.tsx'
import { millState } from '../picture/mill-state.ts'
import { failureSentence } from '../words/failures.ts'
import { LeaveControls } from '../work/leave-controls.tsx'
import { phaseWords } from './phase-words.ts'
import { readoutsOf } from './readouts.ts'
import { StepTrack } from './step-track.tsx'
import './way.css'

export function Way({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const nowMs = useHostNow()
  const failure = useScreen((state) => state.failure)
  const words = phaseWords(snapshot, nowMs)
  // The picture follows the snapshot, not the clock: it is drawn anew only when something happened.
  const picture = useMemo(() => millState(snapshot, snapshot.nowMs), [snapshot])
  return (
    <section className="way" aria-labelledby="phase">
      <div className="way-scene">
        <MillRace state={picture} />
      </div>
      <div className="way-words">
        <h1 id="phase" className="way-headline number" data-testid="phase" data-phase={snapshot.phase}>
          {words.headline}
        </h1>
        <p className="way-detail number">{words.detail}</p>
        <div className="way-action">
          <MainAction snapshot={snapshot} />
          {failure !== undefined && (
            <p className="way-failure" role="alert">
              {failureSentence(failure)}
            </p>
          )}
        </div>
      </div>
      <dl className="readouts">
        {readoutsOf(snapshot, nowMs).map(({ name, value }) => (
          <div key={name} className="readout">
            <dt>{name}</dt>
            <dd className="number">{value}</dd>
          </div>
        ))}
      </dl>
      <StepTrack snapshot={snapshot} />
    </section>
  )
}

/** Join before, the ways to leave after; always in the same place. */
function MainAction({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const { join } = useActions()
  const pending = useScreen((state) => state.pending)
  const isLinked = useScreen((state) => state.link === 'connected')
  if (snapshot.joined || pending === 'leave') {
    return <LeaveControls snapshot={snapshot} />
  }
  return (
    <button
      type="button"
      className="way-join"
      data-testid="join"
      disabled={!isLinked || pending !== undefined}
      onClick={() => void join()}
    >
      {pending === 'join' ? 'Joining …' : 'Join'}
    </button>
  )
}
