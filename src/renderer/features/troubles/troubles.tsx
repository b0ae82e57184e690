/**
 * What the person must know before anything else, above every page: the host's own troubles, worst first, and those of this tab.
 * Invariant: each stands as long as it lasts; only titles are announced, once, because what runs in the text would be read again
 * and again. Read next: ../words/troubles.ts, link-lost.tsx.
 */
import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { useScreen } from '../../state/use-screen.ts'
import { troubleSentence } from '../words/troubles.ts'
import { LinkLost } from './link-lost.tsx'
import { TabBanner } from './tab-banner.tsx'
import { TroubleBanner } from './trouble-banner.tsx'
import { troublesOf } from './troubles-of.ts'
import './troubles.css'

export function Troubles({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const link = useScreen((state) => state.link)
  const isLinked = link === 'connected'
  const troubles = isLinked ? troublesOf(snapshot) : []
  const announcement = isLinked
    ? troubles.map((trouble) => troubleSentence(trouble).title).join(' ')
    : 'No connection to the host.'
  return (
    <>
      <p className="only-for-readers" aria-live="polite" data-testid="trouble-announcer">
        {announcement}
      </p>
      {isLinked ? (
        <>
          {troubles.map((trouble) => (
            <TroubleBanner key={trouble.code} trouble={trouble} />
          ))}
          <TabBanner hidesElsewhere={troubles.some(({ code }) => code === 'page_closed')} />
        </>
      ) : (
        <LinkLost link={link} snapshot={snapshot} />
      )}
    </>
  )
}
