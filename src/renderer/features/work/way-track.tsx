import type { ReactNode } from 'react'

export interface WayStep {
  readonly name: string
  /** What it came to; empty while unknown. */
  readonly value: string
  readonly state: 'done' | 'current' | 'ahead' | 'failed'
}

const STATE_WORDS: Readonly<Record<WayStep['state'], string>> = {
  done: 'done',
  current: 'now',
  ahead: 'not yet',
  failed: 'failed',
}

interface WayTrackProps {
  readonly steps: readonly WayStep[]
  readonly label: string
  /** `small`: dots alone, the names for screen readers. */
  readonly size: 'small' | 'full'
}

export function WayTrack({ steps, label, size }: WayTrackProps): ReactNode {
  return (
    <ol className="track" data-size={size} aria-label={label}>
      {steps.map((step) => (
        <li
          key={step.name}
          className="track-step"
          data-state={step.state}
          aria-current={step.state === 'current' ? 'step' : undefined}
        >
          <span className="track-dot" aria-hidden="true" />
          <span className={size === 'small' ? 'only-for-readers' : 'track-name'}>{step.name}</span>
          <span className={size === 'small' ? 'only-for-readers' : 'track-value number'}>
            {step.value === '' ? '\u00a0' : step.value}
          </span>
          <span className="only-for-readers">({STATE_WORDS[step.state]})</span>
        </li>
      ))}
    </ol>
  )
}
