import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { StepState } from './steps.ts'
import { stepsOf } from './steps.ts'

const STATE_WORDS: Readonly<Record<StepState, string>> = {
  done: 'done',
  current: 'now',
  ahead: 'not yet',
  failed: 'none',
}

export function StepTrack({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  return (
    <ol className="steps" aria-label="The way from your GPU to your balance">
      {stepsOf(snapshot).map((step) => (
        <li
          key={step.name}
          className="step"
          data-state={step.state}
          aria-current={step.state === 'current' ? 'step' : undefined}
        >
          <span className="step-dot" aria-hidden="true">
            {step.state === 'done' && <Tick />}
          </span>
          <span className="step-name">{step.name}</span>
          <span className="step-value number">{step.value === '' ? '\u00a0' : step.value}</span>
          <span className="only-for-readers">({STATE_WORDS[step.state]})</span>
        </li>
      ))}
    </ol>
  )
}

function Tick(): ReactNode {
  return (
    <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true" focusable="false">
      <path
        d="M2.5 6.3 5 8.8l4.5-5.4"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.8"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  )
}
