import type { ReactNode } from 'react'
import { fragmentOf } from '../../state/pages.ts'
import { useAsk } from '../../state/use-screen.ts'

/** Shows the three steps once more, above Home. For the settings page. */
export function TourAgain(): ReactNode {
  const ask = useAsk()
  const show = () => {
    // Without a connection the banner above says so already; the tour is no reason to say more.
    ask((client) => client.settings.change({ tourDone: false })).then(
      () => location.assign(fragmentOf('home')),
      () => undefined,
    )
  }
  return (
    <button type="button" className="button button-small" data-testid="tour-again" onClick={show}>
      Show the tour again
    </button>
  )
}
