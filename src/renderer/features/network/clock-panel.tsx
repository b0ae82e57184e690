import type { ReactNode } from 'react'
import type { EpochClock } from '../../../ipc/snapshot.ts'
import { formatCount } from '../../format/amounts.ts'
import { formatDuration, msUntilHeight } from '../../format/time.ts'
import { useHostNow } from '../../state/use-screen.ts'
import { EpochRing } from './epoch-ring.tsx'

const STAGES = [
  { name: 'Race', text: 'Hosts compute; finds go on chain.' },
  { name: 'Verify', text: 'Drawn hosts recompute samples. At its end weights are set.' },
  { name: 'Serve', text: 'Orders are drawn by weight; at the close the reward is shared out.' },
] as const

interface ClockPanelProps {
  readonly epoch: EpochClock | null
  readonly height: number
}

/** Where the epoch stands, stage by stage, and when the next race begins. */
export function ClockPanel({ epoch, height }: ClockPanelProps): ReactNode {
  const nowMs = useHostNow()
  return (
    <section className="panel net-clock" aria-labelledby="clock-title">
      <div className="panel-head">
        <h2 id="clock-title" className="panel-title">
          Epoch {epoch === null ? '' : <span className="number">{formatCount(epoch.epoch)}</span>}
        </h2>
        <span className="panel-aside number">Block {formatCount(height)}</span>
      </div>
      {epoch === null ? (
        <p className="empty">The first block tells.</p>
      ) : (
        <div className="net-clock-body">
          <EpochRing epoch={epoch} nowMs={nowMs} />
          <div>
            <p className="net-next number" data-testid="next-race">
              {epoch.blocksToNextRace === 0
                ? 'A race is on'
                : `Next race in ${formatDuration(msUntilHeight(epoch, epoch.height + epoch.blocksToNextRace, nowMs))}`}
            </p>
            <ol className="net-stages">
              {STAGES.map((stage, index) => (
                <Stage
                  key={stage.name}
                  stage={stage}
                  span={spansOf(epoch)[index]}
                  isNow={index === stageIndex(epoch)}
                />
              ))}
            </ol>
          </div>
        </div>
      )}
    </section>
  )
}

interface StageProps {
  readonly stage: (typeof STAGES)[number]
  readonly span: readonly [number, number] | undefined
  readonly isNow: boolean
}

function Stage({ stage, span = [0, 0], isNow }: StageProps): ReactNode {
  return (
    <li className="net-stage" data-now={isNow} aria-current={isNow ? 'step' : undefined}>
      <span className="net-stage-name">{stage.name}</span>
      <span className="net-stage-blocks number">
        {formatCount(span[0])}–{formatCount(span[1])}
      </span>
      <span className="net-stage-text">{stage.text}</span>
    </li>
  )
}

/** First and last block of each stage. */
function spansOf(epoch: EpochClock): readonly (readonly [number, number])[] {
  return [
    [epoch.startHeight, epoch.raceEndHeight],
    [epoch.raceEndHeight + 1, epoch.settleHeight],
    [epoch.settleHeight + 1, epoch.closeHeight],
  ]
}

function stageIndex({ stage }: EpochClock): number {
  return stage === 'serve' ? 2 : stage === 'verify' ? 1 : 0
}
