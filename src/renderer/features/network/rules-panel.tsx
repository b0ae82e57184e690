import type { ReactNode } from 'react'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { formatCount, formatShare, formatTailShort } from '../../format/amounts.ts'
import { Fact } from './fact.tsx'

const DAY_MS = 86_400_000

/** What is minted and by which rules: the same for everybody. */
export function RulesPanel({ snapshot }: { readonly snapshot: ScreenSnapshot }): ReactNode {
  const { rules, epoch } = snapshot
  if (rules === null || epoch === null) {
    return (
      <section className="panel" aria-labelledby="rules-title">
        <h2 id="rules-title" className="panel-title">
          Rules
        </h2>
        <p className="empty">The chain has not told its parameters yet.</p>
      </section>
    )
  }
  const blocks = epoch.closeHeight - epoch.startHeight + 1
  const epochMs = blocks * epoch.blockTimeMs
  const perDay = (BigInt(rules.emissionPerEpoch) * BigInt(DAY_MS)) / BigInt(epochMs)
  return (
    <section className="panel" aria-labelledby="rules-title">
      <div className="panel-head">
        <h2 id="rules-title" className="panel-title">
          Rules
        </h2>
        <span className="panel-aside">the same for everybody</span>
      </div>
      <dl className="facts">
        <Fact name="Minted in an epoch, at most" value={`${formatTailShort(rules.emissionPerEpoch)} TAIL`} />
        <Fact name="Minted in a day, at most" value={`${formatTailShort(wholeTail(perDay))} TAIL`} />
        <Fact name="An epoch" value={`${formatCount(blocks)} blocks, ${spanWords(epochMs)}`} />
        <Fact name="Share of one host, at most" value={formatShare(capPpm(rules.weightCapPpm, snapshot.hostsTotal))} />
        <Fact name="Finds that count, at least" value={formatCount(rules.minFinds)} />
        <Fact
          name="Checked of each race"
          value={`${formatCount(rules.sampleSize)} finds by ${formatCount(rules.verifiersPerHost)} hosts`}
        />
        <Fact
          name="Held before it is credited"
          value={rules.holdEpochs === 1 ? '1 epoch' : `${formatCount(rules.holdEpochs)} epochs`}
        />
        <Fact name="Kept of a credit as bond" value={formatShare(rules.bondPpm)} />
      </dl>
      <p className="net-how">
        New TAIL comes only from the close of an epoch, shared by weight. A part of what orders pay is burned.
      </p>
    </section>
  )
}

/** Where there are few hosts, an equal share is more than the cap (protocol/params.ts: weightCapPpm). */
function capPpm(weightCapPpm: number, hosts: number): number {
  return Math.max(weightCapPpm, Math.ceil(1_000_000 / Math.max(1, hosts)))
}

function spanWords(durationMs: number): string {
  const seconds = Math.round(durationMs / 1_000)
  if (seconds < 180) {
    return `${seconds} s`
  }
  const minutes = Math.round(seconds / 60)
  return minutes < 180 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
}

/** A day's sum without its last six digits. */
function wholeTail(utail: bigint): string {
  return ((utail / 1_000_000n) * 1_000_000n).toString()
}
