import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { DevicePanel } from '../device/device-panel.tsx'
import { EarningsPanel } from '../earnings/earnings-panel.tsx'
import { NetworkPanel } from '../network/network-panel.tsx'
import { EarnedPanel } from '../story/earned-panel.tsx'
import { MessagesPanel } from '../story/messages-panel.tsx'
import { Way } from '../way/way.tsx'
import { WorkStrip } from '../work/work-strip.tsx'

/** Where you stand, what you earned, and the machine and network behind it. */
export function Overview({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  return (
    <>
      <Way snapshot={snapshot} />
      <EarningsPanel snapshot={snapshot} />
      {snapshot.work !== null && <WorkStrip work={snapshot.work} />}
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
  )
}
