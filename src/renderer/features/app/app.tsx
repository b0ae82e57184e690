/**
 * The frame of the screen: navigation at the side, the state of the host above, one page in the middle. Invariant: whatever is said
 * about trouble stands above every page in the same place. Read next: ../nav/pages-nav.tsx, ../troubles/troubles.tsx,
 * ../home/home-page.tsx.
 */
import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { PageName } from '../../state/pages.ts'
import { useScreen } from '../../state/use-screen.ts'
import { BuildPage } from '../build/build-page.tsx'
import { DevicePage } from '../device/device-page.tsx'
import { EarningsPage } from '../earnings/earnings-page.tsx'
import { HomePage } from '../home/home-page.tsx'
import { LogsPage } from '../logs/logs-page.tsx'
import { PagesNav } from '../nav/pages-nav.tsx'
import { NetworkPage } from '../network/network-page.tsx'
import { SettingsPage } from '../settings/settings-page.tsx'
import { Troubles } from '../troubles/troubles.tsx'
import { WalletPage } from '../wallet/wallet-page.tsx'
import { phaseWords } from '../way/phase-words.ts'
import { WhyPage } from '../why/why-page.tsx'
import { WorkPage } from '../work/work-page.tsx'
import { Announcer } from './announcer.tsx'
import { Brand } from './brand.tsx'
import { Foot } from './foot.tsx'
import { Head } from './head.tsx'
import { SkipLink } from './skip-link.tsx'
import { ThemeChoice } from './theme-choice.tsx'
import { Welcome } from './welcome.tsx'
import './app.css'

export function App(): ReactNode {
  const snapshot = useScreen((state) => state.snapshot)
  const page = useScreen((state) => state.page)
  return (
    <div className="frame">
      <header className="side">
        <SkipLink />
        <div className="side-stay">
          <Brand />
          {snapshot === undefined ? <ThemeChoice /> : <PagesNav extra={<ThemeChoice />} />}
        </div>
      </header>
      <div className="page">
        <Head snapshot={snapshot} />
        <main className="content" id="content" tabIndex={-1} data-page={snapshot === undefined ? undefined : page}>
          {snapshot === undefined ? (
            <Welcome />
          ) : (
            <>
              <Troubles snapshot={snapshot} />
              <Announcer text={phaseWords(snapshot, snapshot.nowMs).announcement} />
              <Page page={page} snapshot={snapshot} />
            </>
          )}
        </main>
        {snapshot !== undefined && <Foot snapshot={snapshot} />}
      </div>
    </div>
  )
}

function Page({ page, snapshot }: { readonly page: PageName; readonly snapshot: ScreenSnapshot }): ReactNode {
  switch (page) {
    case 'home':
      return <HomePage snapshot={snapshot} />
    case 'earnings':
      return <EarningsPage snapshot={snapshot} />
    case 'why':
      return <WhyPage snapshot={snapshot} />
    case 'work':
      return <WorkPage snapshot={snapshot} />
    case 'network':
      return <NetworkPage snapshot={snapshot} />
    case 'build':
      return <BuildPage snapshot={snapshot} />
    case 'device':
      return <DevicePage snapshot={snapshot} />
    case 'wallet':
      return <WalletPage snapshot={snapshot} />
    case 'settings':
      return <SettingsPage snapshot={snapshot} />
    case 'logs':
      return <LogsPage snapshot={snapshot} />
  }
}
