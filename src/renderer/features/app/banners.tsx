/** What the person must know before anything else: a lost host, a silent chain, a tab that does not compute. */
import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { ScreenLinkState } from '../../state/screen-store.ts'
import { useActions, useScreen } from '../../state/use-screen.ts'

export function Banners({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const link = useScreen((state) => state.link)
  const tab = useScreen((state) => state.tab)
  const { computeHere } = useActions()
  if (link !== 'connected') {
    return <LinkBanner link={link} />
  }
  if (snapshot.chain.connection === 'disconnected') {
    return (
      <Banner tone="warning" title="The chain node does not answer.">
        It restarts by itself; nothing on chain is lost. What you see is the last that was known.
      </Banner>
    )
  }
  if (tab === 'elsewhere' || tab === 'taking_over') {
    return (
      <Banner tone="plain" title="Another tab computes.">
        One tab at a time lends this computer’s GPU. This one shows everything and leaves the work to the other.
        <button
          type="button"
          className="button button-small banner-button"
          data-testid="compute-here"
          disabled={tab === 'taking_over'}
          onClick={computeHere}
        >
          {tab === 'taking_over' ? 'Taking over …' : 'Compute here'}
        </button>
      </Banner>
    )
  }
  if (tab === 'unable') {
    return (
      <Banner tone="warning" title="This browser cannot run the compute worker.">
        The host races on the processor at a tenth of its time instead. A current Chrome, Chromium or Edge does better.
      </Banner>
    )
  }
  return null
}

function LinkBanner({ link }: { readonly link: ScreenLinkState }): ReactNode {
  switch (link) {
    case 'outdated':
      return (
        <Banner tone="warning" title="This page is older than the host.">
          Reload it to go on.
          <button type="button" className="button button-small banner-button" onClick={() => location.reload()}>
            Reload
          </button>
        </Banner>
      )
    case 'refused':
      return (
        <Banner tone="warning" title="The host was started anew.">
          Open the screen again from the link that the start command printed; this page no longer belongs to it.
        </Banner>
      )
    default:
      return (
        <Banner tone="warning" title="No connection to the host.">
          Is it still running in its terminal? This page reconnects by itself. What you see is the last that was known.
        </Banner>
      )
  }
}

interface BannerProps {
  readonly tone: 'plain' | 'warning'
  readonly title: string
  readonly children: ReactNode
}

function Banner({ tone, title, children }: BannerProps): ReactNode {
  return (
    <div className="banner" data-tone={tone} role="status" data-testid="banner">
      <p>
        <strong>{title}</strong> {children}
      </p>
    </div>
  )
}
