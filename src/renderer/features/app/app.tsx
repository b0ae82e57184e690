/** Four pages under one head: where you stand, the paid work, the way in for programs, and why each unit was earned or not. */
import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import type { PageName } from '../../state/pages.ts'
import { useScreen } from '../../state/use-screen.ts'
import { BuildPage } from '../build/build-page.tsx'
import { phaseWords } from '../way/phase-words.ts'
import { WhyPage } from '../why/why-page.tsx'
import { WorkPage } from '../work/work-page.tsx'
import { Announcer } from './announcer.tsx'
import { Banners } from './banners.tsx'
import { Foot } from './foot.tsx'
import { Head } from './head.tsx'
import { Overview } from './overview.tsx'
import { Welcome } from './welcome.tsx'
import './app.css'

export function App(): ReactNode {
  const snapshot = useScreen((state) => state.snapshot)
  const page = useScreen((state) => state.page)
  return (
    <div className="page">
      <Head snapshot={snapshot} />
      <main className="content" id="content">
        {snapshot === undefined ? (
          <Welcome />
        ) : (
          <>
            <Banners snapshot={snapshot} />
            <Announcer text={phaseWords(snapshot, snapshot.nowMs).announcement} />
            <Page page={page} snapshot={snapshot} />
          </>
        )}
      </main>
      {snapshot !== undefined && <Foot snapshot={snapshot} />}
    </div>
  )
}

function Page({ page, snapshot }: { readonly page: PageName; readonly snapshot: ScreenSnapshot }): ReactNode {
  switch (page) {
    case 'overview':
      return <Overview snapshot={snapshot} />
    case 'work':
      return <WorkPage snapshot={snapshot} />
    case 'build':
      return <BuildPage snapshot={snapshot} />
    case 'why':
      return <WhyPage snapshot={snapshot} />
  }
}
