import type { ReactNode } from 'react'
import type { MachineReadings } from '../../../ipc/wires/machine-wire.ts'
import { formatBytes, formatShare } from '../../format/amounts.ts'
import { fragmentOf } from '../../state/pages.ts'
import { Meter, UNKNOWN } from './meter.tsx'

interface MachinePanelProps {
  readonly readings: MachineReadings | undefined
  readonly hasFailed: boolean
  readonly dutyPpm: number
}

/** From here on most parts slow themselves down. */
const HOT_CELSIUS = 85
const SCALE_CELSIUS = 100

/** Memory, load, disk and temperatures, as the system tells them. */
export function MachinePanel({ readings, hasFailed, dutyPpm }: MachinePanelProps): ReactNode {
  return (
    <section className="panel" aria-labelledby="machine-title">
      <div className="panel-head">
        <h2 id="machine-title" className="panel-title">
          This computer
        </h2>
        <span className="panel-aside dev-system">{readings?.system ?? ''}</span>
      </div>
      {readings === undefined ? (
        <p className="empty dev-wait">{hasFailed ? 'The host did not answer.' : 'Reading …'}</p>
      ) : (
        <>
          <dl className="meters">
            <Memory memory={readings.memory} />
            <Processor processor={readings.processor} />
            <Disk disk={readings.disk} />
            <div className="meter">
              <dt>Share of a race</dt>
              <dd className="number">
                <a href={fragmentOf('settings')}>{formatShare(dutyPpm)}</a>
              </dd>
            </div>
          </dl>
          <Temperatures temperatures={readings.temperatures} />
        </>
      )}
    </section>
  )
}

function Memory({ memory }: Pick<MachineReadings, 'memory'>): ReactNode {
  const { totalBytes, availableBytes, processBytes } = memory
  const used = totalBytes - availableBytes
  return (
    <>
      <Meter
        name="Memory in use"
        value={`${formatBytes(used)} of ${formatBytes(totalBytes)}`}
        share={totalBytes === 0 ? undefined : used / totalBytes}
      />
      <Meter name="Memory of the host’s process" value={formatBytes(processBytes)} />
    </>
  )
}

function Processor({ processor }: Pick<MachineReadings, 'processor'>): ReactNode {
  const { name, cores, loadPpm } = processor
  const load = loadPpm === null ? 'measuring …' : `${formatShare(loadPpm)} busy`
  return (
    <Meter
      name={name === '' ? 'Processor' : name}
      value={`${cores} ${cores === 1 ? 'core' : 'cores'}, ${load}`}
      share={loadPpm === null ? 0 : loadPpm / 1_000_000}
      tightAt={2}
    />
  )
}

function Disk({ disk }: Pick<MachineReadings, 'disk'>): ReactNode {
  if (disk === null) {
    return <Meter name="Disk of the data folder" value={UNKNOWN} />
  }
  return (
    <>
      <Meter
        name="Disk of the data folder"
        value={`${formatBytes(disk.freeBytes)} free`}
        share={disk.totalBytes === 0 ? undefined : 1 - disk.freeBytes / disk.totalBytes}
        tightAt={0.97}
      />
      <Meter name="What Tailrace keeps there" value={formatBytes(disk.dataBytes)} />
    </>
  )
}

function Temperatures({ temperatures }: Pick<MachineReadings, 'temperatures'>): ReactNode {
  return (
    <>
      <h3 className="dev-subtitle">Temperatures</h3>
      {temperatures.length === 0 ? (
        <p className="empty">This system tells no temperatures.</p>
      ) : (
        <dl className="meters" data-testid="temperatures">
          {[...temperatures]
            .sort((a, b) => Number(b.isGpu) - Number(a.isGpu))
            .map(({ name, celsius }, index) => (
              <Meter
                // biome-ignore lint/suspicious/noArrayIndexKey: two sensors may have one name; their order is the system's.
                key={`${name} ${index}`}
                name={name}
                value={`${Math.round(celsius)} °C`}
                share={celsius / SCALE_CELSIUS}
                tightAt={HOT_CELSIUS / SCALE_CELSIUS}
              />
            ))}
        </dl>
      )}
    </>
  )
}
