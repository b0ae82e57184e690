/** The host behind this page is gone, or the page no longer belongs to it: what still holds, and the way back. */
import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatClock } from '../../format/time.ts'
import type { ScreenLinkState } from '../../state/screen-store.ts'

interface LinkWords {
  readonly title: string
  readonly text: string
  readonly steps: readonly string[]
  /** The page tries again by itself. */
  readonly tries: boolean
}

interface LinkLostProps {
  readonly link: ScreenLinkState
  readonly snapshot: Pick<ScreenSnapshot, 'shell' | 'nowMs' | 'joined'>
}

export function LinkLost({ link, snapshot }: LinkLostProps): ReactNode {
  const { title, text, steps, tries } = linkWords(link, snapshot)
  return (
    <section className="lost" aria-labelledby="lost-title" data-testid="banner" data-code={`link_${link}`}>
      <div className="lost-words">
        <h2 id="lost-title" className="lost-title">
          {title}
        </h2>
        <p className="lost-text">{text}</p>
        <p className="lost-text number">
          What you see below is from {formatClock(snapshot.nowMs)}. Everything on chain is safe: what is held is
          credited on time, whether this computer runs or not.
        </p>
      </div>
      <div className="lost-side">
        <h3 className="lost-name">What to do</h3>
        <ol className="lost-steps">
          {steps.map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
        {tries ? (
          <p className="lost-tries">
            <span className="lost-pulse" aria-hidden="true" />
            This page tries again by itself.
          </p>
        ) : (
          <button type="button" className="button" onClick={() => location.reload()}>
            Reload
          </button>
        )}
      </div>
    </section>
  )
}

function linkWords(link: ScreenLinkState, { shell, joined }: LinkLostProps['snapshot']): LinkWords {
  switch (link) {
    case 'outdated':
      return {
        title: 'This page is older than the host.',
        text: 'Tailrace was updated while this page was open, and the two no longer understand each other.',
        steps: ['Reload this page.'],
        tries: false,
      }
    case 'refused':
      return {
        title: 'The host was started anew.',
        text: 'This page belongs to the one before and cannot take its place by itself.',
        steps: ['Open the screen from the link that the start command printed.', 'Close this page.'],
        tries: false,
      }
    default:
      return {
        title: 'No connection to the host.',
        text: joined
          ? 'Its process has ended or does not answer. Until it is back nothing races and no orders are answered here.'
          : 'Its process has ended or does not answer.',
        steps:
          shell === 'desktop'
            ? ['Look for Tailrace in the tray.', 'If it is not there, open Tailrace again.', 'It goes on where it was.']
            : [
                'Look into the terminal in which Tailrace was started.',
                'If it has ended there, run the start command again.',
                'Open the link that it prints.',
              ],
        tries: true,
      }
  }
}
