import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { FINISHING_STEPS } from '../../../ipc/work-snapshot.ts'
import { formatCount } from '../../format/amounts.ts'
import { fragmentOf } from '../../state/pages.ts'
import { useScreen } from '../../state/use-screen.ts'
import { failureSentence } from '../words/failures.ts'
import { FINISHING_WORDS } from '../words/work-words.ts'
import { LeaveControls } from './leave-controls.tsx'
import type { WayStep } from './way-track.tsx'
import { WayTrack } from './way-track.tsx'
import { workTitle } from './work-title.ts'

export function WorkHead({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const failure = useScreen((state) => state.failure)
  const { work } = snapshot
  const { headline, detail } = workTitle(snapshot)
  return (
    <section className="panel work-head" aria-labelledby="work-title">
      <div className="work-head-words">
        <h1 id="work-title" className="work-headline number" data-testid="work-title">
          {headline}
        </h1>
        <p className="work-detail">{detail}</p>
        {snapshot.joined ? (
          <LeaveControls snapshot={snapshot} />
        ) : (
          <p>
            <a className="button button-link" href={fragmentOf('home')}>
              Join on the first page
            </a>
          </p>
        )}
        {failure !== undefined && (
          <p className="way-failure" role="alert">
            {failureSentence(failure)}
          </p>
        )}
      </div>
      {work !== null && (
        <dl className="work-readouts">
          {readoutsOf(work).map(([name, value]) => (
            <div key={name} className="work-readout">
              <dt>{name}</dt>
              <dd className="number">{formatCount(value)}</dd>
            </div>
          ))}
        </dl>
      )}
      {work !== null && work.finishing !== null && (
        <div className="work-finishing">
          <WayTrack steps={finishingSteps(work.finishing)} label="The steps of Finish" size="full" />
        </div>
      )}
    </section>
  )
}

type Work = NonNullable<ScreenSnapshot['work']>

function readoutsOf({ queue, services }: Work): readonly (readonly [string, number])[] {
  const sum = (pick: (service: Work['services'][number]) => number) =>
    services.reduce((total, service) => total + pick(service), 0)
  return [
    ['In the queue', queue],
    ['Receipts', sum(({ receipts }) => receipts)],
    ['Checks passed', sum(({ checksPassed }) => checksPassed)],
  ]
}

function finishingSteps(step: NonNullable<Work['finishing']>): readonly WayStep[] {
  const current = FINISHING_STEPS.indexOf(step)
  return FINISHING_STEPS.map((name, index) => ({
    name: FINISHING_WORDS[name].name,
    value: '',
    state: index < current ? 'done' : index === current ? 'current' : 'ahead',
  }))
}
