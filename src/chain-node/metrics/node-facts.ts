/** The facts of a node that are asked for when somebody reads its metrics. */
import type { Gauge, MetricsRegistry } from '../../lib/metrics.ts'

export interface MempoolFacts {
  readonly lanes: readonly { readonly lane: string; readonly txs: number }[]
  readonly sizeBytes: number
}

/** Asked at each scrape: cheap, or remembered by who answers. Undefined where there is no answer yet. */
export interface NodeFacts {
  readonly mempool?: () => MempoolFacts
  readonly stateEntries?: () => number | undefined
  readonly databaseBytes?: () => number | undefined
  /** Free for this process on the disk of the node's folder. */
  readonly diskFreeBytes?: () => number | undefined
  readonly snapshots?: () => readonly { readonly height: number; readonly chunks: number }[]
  /** This node's own validator; undefined where it is none. */
  readonly validator?: () => ValidatorFacts | undefined
  readonly upgrade?: () => { readonly height: bigint; readonly version: number } | undefined
}

export interface ValidatorFacts {
  readonly power: bigint
  readonly missedBlocks: number
  readonly isJailed: boolean
  /** Posted, and slots that are over, in the window that the next settle looks at. */
  readonly heartbeats: number
  readonly heartbeatsDue: number
}

/** @returns where the facts come from; a later call takes the place of what it names */
export function showFacts(registry: MetricsRegistry): { watch(facts: NodeFacts): void } {
  let facts: NodeFacts = {}
  const gauge = (name: string, help: string): Gauge => registry.gauge(`tailrace_node_${name}`, help)
  const mempoolTxs = registry.gauge('tailrace_node_mempool_txs', 'Transactions that wait, by lane.', ['lane'])
  const mempoolBytes = gauge('mempool_bytes', 'Bytes of the transactions that wait.')
  const stateEntries = gauge('state_entries', 'Entries of the state.')
  const databaseBytes = gauge('database_bytes', 'Size of the node’s database with its log.')
  const diskFreeBytes = gauge('disk_free_bytes', 'Room on the disk of the node’s folder.')
  const snapshots = gauge('snapshots', 'Snapshots that this node offers.')
  const snapshotHeight = gauge('snapshot_height', 'Height of the newest snapshot.')
  const snapshotChunks = gauge('snapshot_chunks', 'Chunks of the newest snapshot.')
  const power = gauge('validator_power', 'Voting power of this node’s key; absent where it is no validator.')
  const missed = gauge('validator_missed_blocks', 'Blocks that this node’s key missed in the current window.')
  const jailed = gauge('validator_jailed', '1 while this node’s key is jailed.')
  const heartbeats = gauge('validator_heartbeats', 'Heartbeats posted in the window of the next settle.')
  const heartbeatsDue = gauge('validator_heartbeats_due', 'Slots for heartbeats that are over in that window.')
  const upgradeHeight = gauge('upgrade_height', 'Height of the accepted upgrade; absent where there is none.')
  const upgradeVersion = gauge('upgrade_app_version', 'Version that the accepted upgrade needs.')

  registry.onCollect(() => {
    mempoolTxs.clear()
    const waiting = facts.mempool?.()
    for (const { lane, txs } of waiting?.lanes ?? []) {
      mempoolTxs.set(txs, { lane })
    }
    show(mempoolBytes, waiting?.sizeBytes)
    show(stateEntries, facts.stateEntries?.())
    show(databaseBytes, facts.databaseBytes?.())
    show(diskFreeBytes, facts.diskFreeBytes?.())
    const offered = facts.snapshots?.()
    const newest = offered?.reduce((best, one) => (one.height > best.height ? one : best), { height: 0, chunks: 0 })
    show(snapshots, offered?.length)
    show(snapshotHeight, newest?.height)
    show(snapshotChunks, newest?.chunks)
    const validator = facts.validator?.()
    show(power, validator && Number(validator.power))
    show(missed, validator?.missedBlocks)
    show(jailed, validator && (validator.isJailed ? 1 : 0))
    show(heartbeats, validator?.heartbeats)
    show(heartbeatsDue, validator?.heartbeatsDue)
    const upgrade = facts.upgrade?.()
    show(upgradeHeight, upgrade && Number(upgrade.height))
    show(upgradeVersion, upgrade?.version)
  })

  return {
    watch(more) {
      facts = { ...facts, ...more }
    },
  }
}

function show(gauge: Gauge, value: number | undefined): void {
  if (value === undefined) {
    gauge.clear()
  } else {
    gauge.set(value)
  }
}
