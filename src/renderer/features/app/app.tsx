/** The one page: where you stand, what you earned, why, and the machine and network behind it. */
import type { ReactNode } from 'react'
import { useScreen } from '../../state/use-screen.ts'
import { DevicePanel } from '../device/device-panel.tsx'
import { EarningsPanel } from '../earnings/earnings-panel.tsx'
import { NetworkPanel } from '../network/network-panel.tsx'
import { EarnedPanel } from '../story/earned-panel.tsx'
import { MessagesPanel } from '../story/messages-panel.tsx'
import { Way } from '../way/way.tsx'
import { Banners } from './banners.tsx'
import { Foot } from './foot.tsx'
import { Head } from './head.tsx'
import { Welcome } from './welcome.tsx'
import './app.css'

export function App(): ReactNode {
  const snapshot = useScreen((state) => state.snapshot)
  return (
    <div className="page">
      <Head snapshot={snapshot} />
      <main className="content" id="content">
        {snapshot === undefined ? (
          <Welcome />
        ) : (
          <>
            <Banners snapshot={snapshot} />
            <Way snapshot={snapshot} />
            <EarningsPanel snapshot={snapshot} />
            <div className="columns">
              <div className="column">
                <EarnedPanel snapshot={snapshot} />
                <MessagesPanel snapshot={snapshot} />
              </div>
              <div className="column">
                <NetworkPanel snapshot={snapshot} />
                <DevicePanel snapshot={snapshot} />
              </div>
            </div>
          </>
        )}
      </main>
      {snapshot !== undefined && <Foot snapshot={snapshot} />}
    </div>
  )
}
