import type { ReactNode } from 'react'
import type { EpochClock } from '../../../ipc/snapshot.ts'
import { epochFraction, formatDuration, msUntilHeight } from '../../format/time.ts'

const RADIUS = 74
const GAP_DEGREES = 3

interface Arc {
  readonly stage: string
  readonly from: number
  readonly to: number
}

const STAGE_WORDS = { seeding: 'Seeding', race: 'Race', verify: 'Verify', serve: 'Serve' } as const

/** The epoch as a clock face: race, verify, serve, and the close at the top, with a hand at the present block. */
export function EpochRing({ epoch, nowMs }: { readonly epoch: EpochClock; readonly nowMs: number }): ReactNode {
  const fraction = epochFraction(epoch, nowMs)
  const left = formatDuration(msUntilHeight(epoch, stageEnd(epoch), nowMs))
  const stage = STAGE_WORDS[epoch.stage]
  const label = `Epoch ${epoch.epoch}, stage ${stage.toLowerCase()}`
  return (
    <figure className="ring" role="img" aria-label={label}>
      <svg viewBox="0 0 180 180" className="ring-face" aria-hidden="true" focusable="false">
        {arcsOf(epoch).map((arc) => (
          <path
            key={arc.stage}
            className="ring-arc"
            data-stage={arc.stage}
            data-now={arc.stage === stageKey(epoch.stage)}
            d={arcPath(arc.from, arc.to)}
          />
        ))}
        <g transform={`rotate(${(fraction * 360).toFixed(1)} 90 90)`}>
          <circle className="ring-hand" cx={90} cy={90 - RADIUS} r={8} />
        </g>
        <text className="ring-stage" x="90" y="84">
          {stage}
        </text>
        <text className="ring-left number" x="90" y="108">
          {left}
        </text>
      </svg>
    </figure>
  )
}

/** The block with which the present stage is over. */
function stageEnd(epoch: EpochClock): number {
  switch (epoch.stage) {
    case 'seeding':
    case 'race':
      return epoch.raceEndHeight
    case 'verify':
      return epoch.settleHeight
    case 'serve':
      return epoch.closeHeight + 1
  }
}

function stageKey(stage: EpochClock['stage']): string {
  return stage === 'seeding' ? 'race' : stage
}

function arcsOf(epoch: EpochClock): readonly Arc[] {
  const length = epoch.closeHeight - epoch.startHeight + 1
  const at = (height: number) => ((height - epoch.startHeight) / length) * 360
  return [
    { stage: 'race', from: 0, to: at(epoch.raceEndHeight + 1) },
    { stage: 'verify', from: at(epoch.raceEndHeight + 1), to: at(epoch.settleHeight + 1) },
    { stage: 'serve', from: at(epoch.settleHeight + 1), to: 360 },
  ]
}

/** Clockwise from the top, with a gap at both ends. */
function arcPath(from: number, to: number): string {
  const start = point(from + GAP_DEGREES)
  const end = point(Math.max(from + GAP_DEGREES + 0.1, to - GAP_DEGREES))
  const isLarge = to - from - 2 * GAP_DEGREES > 180 ? 1 : 0
  return `M ${start} A ${RADIUS} ${RADIUS} 0 ${isLarge} 1 ${end}`
}

function point(degrees: number): string {
  const radians = ((degrees - 90) * Math.PI) / 180
  return `${(90 + RADIUS * Math.cos(radians)).toFixed(2)} ${(90 + RADIUS * Math.sin(radians)).toFixed(2)}`
}
