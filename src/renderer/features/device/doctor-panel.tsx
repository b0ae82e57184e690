import type { ReactNode } from 'react'
import { useState } from 'react'
import type { Finding } from '../../../ipc/wires/machine-wire.ts'
import { errorCode } from '../../../lib/coded-error.ts'
import { useAsk } from '../../state/use-screen.ts'
import { failureSentence } from '../words/failures.ts'
import { findingSentence } from '../words/findings.ts'

type DoctorState =
  | { readonly state: 'idle' | 'looking' }
  | { readonly state: 'found'; readonly findings: readonly Finding[] }
  | { readonly state: 'failed'; readonly code: string }

const VERDICTS = ['problem', 'warning', 'skipped', 'ok'] as const
const VERDICT_NAMES = { problem: 'problem', warning: 'look', skipped: 'not checked', ok: 'fine' } as const
const VERDICT_TONES = { problem: 'bad', warning: 'warning', skipped: undefined, ok: 'good' } as const

/** What would keep this machine from earning, when a person asks. */
export function DoctorPanel(): ReactNode {
  const ask = useAsk()
  const [doctor, setDoctor] = useState<DoctorState>({ state: 'idle' })
  const look = () => {
    setDoctor({ state: 'looking' })
    ask((client) => client.machine.doctor()).then(
      ({ findings }) => setDoctor({ state: 'found', findings }),
      (error: unknown) => setDoctor({ state: 'failed', code: errorCode(error) }),
    )
  }
  return (
    <section className="panel" aria-labelledby="doctor-title">
      <div className="panel-head">
        <h2 id="doctor-title" className="panel-title">
          What would keep it from earning
        </h2>
        <button
          type="button"
          className="button button-small"
          data-testid="doctor"
          disabled={doctor.state === 'looking'}
          onClick={look}
        >
          {doctor.state === 'looking' ? 'Looking …' : doctor.state === 'found' ? 'Look again' : 'Look for problems'}
        </button>
      </div>
      <div aria-live="polite">
        {doctor.state === 'found' ? <Findings findings={doctor.findings} /> : <p className="empty">{words(doctor)}</p>}
      </div>
    </section>
  )
}

function words(doctor: Exclude<DoctorState, { state: 'found' }>): string {
  return doctor.state === 'failed'
    ? failureSentence(doctor.code)
    : 'Looks at the folder, the files, the clock, the ports, the device, the models and the network, and changes nothing.'
}

function Findings({ findings }: { readonly findings: readonly Finding[] }): ReactNode {
  const bad = findings.filter(({ verdict }) => verdict === 'problem' || verdict === 'warning')
  const rest = findings.filter(({ verdict }) => verdict === 'skipped' || verdict === 'ok')
  return (
    <>
      <p className="dev-verdict" data-bad={bad.length > 0} data-testid="doctor-verdict">
        {bad.length === 0
          ? 'Nothing stands in the way.'
          : `${bad.length} ${bad.length === 1 ? 'thing' : 'things'} to look at.`}
      </p>
      <FindingList findings={sorted(bad)} />
      {rest.length > 0 && (
        <details className="dev-rest">
          <summary>{rest.length} that are fine or could not be checked</summary>
          <FindingList findings={sorted(rest)} />
        </details>
      )}
    </>
  )
}

function sorted(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort((a, b) => VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict))
}

function FindingList({ findings }: { readonly findings: readonly Finding[] }): ReactNode {
  return (
    <ul className="findings">
      {findings.map((finding, index) => {
        const { title, text, advice } = findingSentence(finding)
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: the doctor may find one thing twice, of two models; its order is fixed.
          <li key={`${finding.code} ${index}`} className="finding" data-testid="finding">
            <span className="finding-title">{title}</span>
            <span className="tag" data-tone={VERDICT_TONES[finding.verdict]}>
              {VERDICT_NAMES[finding.verdict]}
            </span>
            <span className="finding-text">
              {text} {advice}
            </span>
          </li>
        )
      })}
    </ul>
  )
}
