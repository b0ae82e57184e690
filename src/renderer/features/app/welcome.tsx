/** What the page shows before the first snapshot: connecting, or why it cannot. */
import type { ReactNode } from 'react'
import { useScreen } from '../../state/use-screen.ts'
import { MillRace } from '../picture/mill-race.tsx'
import { millState } from '../picture/mill-state.ts'

const STILL = millState(undefined, 0)

export function Welcome(): ReactNode {
  const link = useScreen((state) => state.link)
  const { headline, detail } = words(link)
  return (
    <section className="way" aria-labelledby="welcome-title">
      <div className="way-scene">
        <MillRace state={STILL} />
      </div>
      <div className="way-words">
        <h1 id="welcome-title" className="way-headline" data-testid="welcome" data-link={link}>
          {headline}
        </h1>
        <p className="way-detail" aria-live="polite">
          {detail}
        </p>
      </div>
    </section>
  )
}

function words(link: string): { readonly headline: string; readonly detail: string } {
  switch (link) {
    case 'no_session':
      return {
        headline: 'Open Tailrace from its terminal',
        detail:
          'This address alone opens nothing, so that no other page can. The start command prints a link that does.',
      }
    case 'session_used':
      return {
        headline: 'This link was used already',
        detail: 'Each link opens one screen. Run the start command again, or use the tab that it opened first.',
      }
    case 'refused':
      return {
        headline: 'The host was started anew',
        detail: 'Open the screen from the link that the start command printed; this page no longer belongs to it.',
      }
    case 'outdated':
      return { headline: 'This page is older than the host', detail: 'Reload it to go on.' }
    case 'lost':
      return {
        headline: 'The host does not answer',
        detail: 'Is it still running in its terminal? This page connects as soon as it is.',
      }
    default:
      return { headline: 'Connecting', detail: 'To the host on this computer.' }
  }
}
