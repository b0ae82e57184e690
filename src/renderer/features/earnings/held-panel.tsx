import type { ReactNode } from 'react'
import { useMemo } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatCount, formatShare } from '../../format/amounts.ts'
import { formatDuration, msUntilHeight } from '../../format/time.ts'
import { fragmentOf } from '../../state/pages.ts'
import { useHostNow } from '../../state/use-screen.ts'
import { formatUntil } from './days.ts'
import type { EarningsHistory } from './earnings-history.ts'
import type { Release } from './releases.ts'
import { releasesOf } from './releases.ts'
import { SignedTail } from './signed-tail.tsx'

const SHOWN_RELEASES = 5

interface HeldPanelProps {
  readonly snapshot: ScreenSnapshot
  readonly history: EarningsHistory | undefined
}

/** From held to credited: what falls due when. */
export function HeldPanel({ snapshot, history }: HeldPanelProps): ReactNode {
  const { standing, rules, epoch } = snapshot
  const held = standing?.held ?? '0'
  const runningEpoch = epoch?.epoch
  const holdEpochs = rules?.holdEpochs
  const releases = useMemo(
    () =>
      history === undefined || runningEpoch === undefined || holdEpochs === undefined
        ? []
        : releasesOf(history.epochs, { runningEpoch, holdEpochs, held: BigInt(held) }),
    [history, runningEpoch, holdEpochs, held],
  )
  return (
    <section className="panel" aria-labelledby="held-title">
      <div className="panel-head">
        <h2 id="held-title" className="panel-title">
          From held to credited
        </h2>
        <span className="panel-aside number">{rules === null ? '' : holdWords(rules.holdEpochs)}</span>
      </div>
      {releases.length === 0 || epoch === null ? (
        <p className="empty">Nothing is held. What a race earns is held first, and credited when its hold is over.</p>
      ) : (
        <>
          <NextRelease snapshot={snapshot} epoch={epoch} releases={releases} />
          <Queue releases={releases.slice(1)} epochMs={history?.epochMs ?? 1} running={epoch.epoch} />
        </>
      )}
      <p className="held-bond">
        {formatShare(rules?.bondPpm ?? 200_000)} of a credit goes into your bond until it is full; the rest is yours to
        spend.
      </p>
    </section>
  )
}

function holdWords(epochs: number): string {
  return epochs === 0 ? 'no hold' : `held for ${epochs === 1 ? 'one epoch' : `${formatCount(epochs)} epochs`}`
}

interface NextReleaseProps {
  readonly snapshot: ScreenSnapshot
  readonly epoch: NonNullable<ScreenSnapshot['epoch']>
  readonly releases: readonly Release[]
}

function NextRelease({ epoch, releases }: NextReleaseProps): ReactNode {
  const nowMs = useHostNow()
  const [next] = releases
  if (next === undefined) {
    return null
  }
  const epochMs = (epoch.closeHeight - epoch.startHeight + 1) * epoch.blockTimeMs
  const untilMs = msUntilHeight(epoch, epoch.closeHeight, nowMs) + (next.dueEpoch - epoch.epoch) * epochMs
  return (
    <div className="held-next">
      <p className="held-next-amount number" data-testid="next-release">
        <a href={fragmentOf('why')}>
          <SignedTail utail={next.amount} />
        </a>
      </p>
      <p className="held-next-when number">
        due at the close of epoch {formatCount(next.dueEpoch)}, in {formatDuration(untilMs)}
        {next.isWaiting && '; a part of it waits for open checks'}
      </p>
    </div>
  )
}

interface QueueProps {
  readonly releases: readonly Release[]
  readonly epochMs: number
  readonly running: number
}

function Queue({ releases, epochMs, running }: QueueProps): ReactNode {
  if (releases.length === 0) {
    return null
  }
  const rest = releases.slice(SHOWN_RELEASES)
  const restSum = rest.reduce((sum, { amount }) => sum + amount, 0n)
  return (
    <ol className="held-queue">
      {releases.slice(0, SHOWN_RELEASES).map((release) => (
        <li key={release.dueEpoch} className="held-row number">
          <span>
            Epoch {formatCount(release.dueEpoch)}
            <span className="held-when"> {formatUntil((release.dueEpoch - running + 0.5) * epochMs)}</span>
          </span>
          <SignedTail utail={release.amount} />
        </li>
      ))}
      {rest.length > 0 && (
        <li className="held-row number">
          <span>
            {formatCount(rest.length)} more{' '}
            <span className="held-when">to epoch {formatCount(rest.at(-1)?.dueEpoch ?? running)}</span>
          </span>
          <SignedTail utail={restSum} />
        </li>
      )}
    </ol>
  )
}
