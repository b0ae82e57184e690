/**
 * The first minutes in three steps: your wallet, your device, how you earn. Invariant: it never stands between a person and Join. It
 * is a card above the page, without a backdrop, put away at any step, and shown again from the settings. Read next: steps.tsx.
 */
import type { ReactNode } from 'react'
import { useEffect, useRef } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { TOUR_STEPS } from './steps.tsx'
import { useTour } from './use-tour.ts'
import './tour.css'

export function Tour({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const tour = useTour(snapshot)
  const heading = useRef<HTMLHeadingElement>(null)
  const shown = useRef(tour.index)
  useEffect(() => {
    // Only a step that the person asked for takes the focus; the first one appears by itself.
    if (shown.current !== tour.index) {
      shown.current = tour.index
      heading.current?.focus()
    }
  }, [tour.index])
  const step = TOUR_STEPS[tour.index]
  if (!tour.isShown || step === undefined) {
    return null
  }
  const { Body, Action } = step
  const isLast = tour.index === TOUR_STEPS.length - 1
  return (
    <section className="tour" aria-label="First steps" data-testid="tour" data-step={tour.index + 1}>
      <StepList tour={tour} />
      <div className="tour-words">
        <h2 ref={heading} className="tour-title" tabIndex={-1}>
          {step.title}
        </h2>
        <Body snapshot={snapshot} />
      </div>
      <div className="tour-actions">
        <Action snapshot={snapshot} />
        {isLast ? (
          <button type="button" className="button button-small" data-testid="tour-finish" onClick={tour.end}>
            Done
          </button>
        ) : (
          <button
            type="button"
            className="button button-small"
            data-testid="tour-next"
            onClick={() => tour.go(tour.index + 1)}
          >
            Next
          </button>
        )}
        {!isLast && (
          <button type="button" className="tour-away" data-testid="tour-away" onClick={tour.end}>
            Skip the tour
          </button>
        )}
      </div>
    </section>
  )
}

function StepList({ tour }: { readonly tour: ReturnType<typeof useTour> }): ReactNode {
  return (
    <ol className="tour-steps">
      {TOUR_STEPS.map(({ name }, index) => (
        <li key={name}>
          <button
            type="button"
            className="tour-step"
            aria-current={index === tour.index ? 'step' : undefined}
            data-done={index < tour.index}
            onClick={() => tour.go(index)}
          >
            <span className="tour-number number" aria-hidden="true">
              {index + 1}
            </span>
            <span className="tour-name">{name}</span>
          </button>
        </li>
      ))}
    </ol>
  )
}
