/**
 * What computes here: each backend with its proof of exactness and its speed, which one is used for what and why, what the adapter
 * says of itself, and how the machine is doing. Invariant: what a system does not tell is said to be unknown, never shown as 0.
 * Read next: backends-panel.tsx, machine-panel.tsx, doctor-panel.tsx.
 */
import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { AdapterPanel } from './adapter-panel.tsx'
import { BackendsPanel } from './backends-panel.tsx'
import { CheckAgain } from './check-again.tsx'
import { DoctorPanel } from './doctor-panel.tsx'
import { GraphicsPanel } from './graphics-panel.tsx'
import { MachinePanel } from './machine-panel.tsx'
import { useReadings } from './use-readings.ts'
import { UsesPanel } from './uses-panel.tsx'
import './device.css'
import './device-page.css'

export function DevicePage({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const { readings, hasFailed } = useReadings()
  const adapter = snapshot.device?.backends.find(({ kind, details }) => kind === 'webgpu' && details !== undefined)
  return (
    <>
      <header className="page-head dev-head">
        <div>
          <h1 className="page-title">Device</h1>
          <p className="page-text">
            A device counts where it computes the network’s test attempts exactly, to the last bit. How fast it is
            decides how much it earns.
          </p>
        </div>
        <CheckAgain snapshot={snapshot} />
      </header>
      <div className="dev-top">
        <BackendsPanel snapshot={snapshot} />
        <UsesPanel snapshot={snapshot} />
      </div>
      <div className="dev-columns">
        <div className="column">
          <MachinePanel readings={readings} hasFailed={hasFailed} dutyPpm={snapshot.settings.values.dutyPpm} />
          <GraphicsPanel readings={readings} />
        </div>
        <div className="column">
          <DoctorPanel />
          {adapter?.details !== undefined && <AdapterPanel details={adapter.details} isSoftware={adapter.isSoftware} />}
        </div>
      </div>
    </>
  )
}
