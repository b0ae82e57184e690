import type { ReactNode } from 'react'
import type { MachineReadings } from '../../../ipc/wires/machine-wire.ts'
import { formatBytes, formatShare } from '../../format/amounts.ts'
import { Meter, UNKNOWN } from './meter.tsx'

type Card = MachineReadings['graphics'][number]

/** Graphics cards as the operating system tells them: a browser may use another one, or none. */
export function GraphicsPanel({ readings }: { readonly readings: MachineReadings | undefined }): ReactNode {
  const cards = readings?.graphics ?? []
  return (
    <section className="panel" aria-labelledby="graphics-title">
      <div className="panel-head">
        <h2 id="graphics-title" className="panel-title">
          Graphics cards
        </h2>
        <span className="panel-aside">as the system tells</span>
      </div>
      {cards.length === 0 ? (
        <p className="empty">{readings === undefined ? 'Reading …' : 'This system tells of no graphics card.'}</p>
      ) : (
        cards.map((card, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two cards may be alike; their order is the system's.
          <CardFacts key={`${card.name} ${index}`} card={card} />
        ))
      )}
    </section>
  )
}

function CardFacts({ card }: { readonly card: Card }): ReactNode {
  const { name, driver, memoryBytes, memoryUsedBytes, powerMilliwatts, loadPpm } = card
  return (
    <div className="dev-card" data-testid="graphics-card">
      <h3 className="dev-card-name">{name}</h3>
      <dl className="meters">
        <Meter name="Driver" value={driver === '' ? UNKNOWN : driver} />
        <Meter
          name="Memory"
          value={memoryText(memoryBytes, memoryUsedBytes)}
          share={memoryBytes === null || memoryUsedBytes === null ? undefined : memoryUsedBytes / memoryBytes}
        />
        {loadPpm !== null && <Meter name="Busy" value={formatShare(loadPpm)} share={loadPpm / 1_000_000} tightAt={2} />}
        {powerMilliwatts !== null && <Meter name="Power" value={`${Math.round(powerMilliwatts / 1_000)} W`} />}
      </dl>
    </div>
  )
}

function memoryText(total: number | null, used: number | null): string {
  if (total === null) {
    return UNKNOWN
  }
  return used === null ? formatBytes(total) : `${formatBytes(used)} of ${formatBytes(total)}`
}
