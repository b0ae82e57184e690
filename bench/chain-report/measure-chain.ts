import { cpus } from 'node:os'
import { measureAppHash } from './app-hash.ts'
import { measureBatches } from './batches.ts'
import { measureBlockShare } from './block-share.ts'
import { measureFlood } from './flood.ts'
import type { ChainOptions, Section } from './options.ts'
import { measurePower } from './power.ts'
import type { ChainReport } from './report.ts'
import { areBarsKept, barOf } from './report.ts'
import { compareSignatures } from './signatures.ts'
import { measureSnapshot } from './snapshots.ts'
import { measureTransactions } from './transactions.ts'

/** One section after the other: each has the machine for itself. */
export async function measureChain(options: ChainOptions, onSection: (section: Section) => void): Promise<ChainReport> {
  const startMs = performance.now()
  const wants = (section: Section): boolean => {
    const isWanted = options.sections.includes(section)
    if (isWanted) {
      onSection(section)
    }
    return isWanted
  }
  const batches = wants('batches') ? options.payers.flatMap((payers) => measureBatches(payers, options.batches)) : []
  const { blocks: txBlocks, perBlock } = options.transactions
  const transactions = wants('transactions') ? measureTransactions(txBlocks, perBlock) : []
  const blocks = wants('blocks') ? options.hosts.map((hosts) => measureBlockShare(hosts)) : []
  const { entries, changes } = options.appHash
  const appHash = wants('appHash') ? entries.map((count) => measureAppHash(count, changes)) : []
  const snapshots = []
  for (const count of wants('snapshots') ? options.snapshotEntries : []) {
    snapshots.push(await measureSnapshot(count))
  }
  const power = wants('power') ? options.powerKeys.map(measurePower) : []
  const signatures = wants('signatures') ? compareSignatures(options.signatureCases) : undefined
  const flood = wants('flood') ? await measureFlood(options.flood) : undefined
  const bar = barOf(batches)
  return {
    ok: areBarsKept({ bar, blocks, signatures, flood }),
    ...{ batches, bar, transactions, blocks, appHash, snapshots, power, signatures, flood },
    machine: { node: process.version, cores: cpus().length, model: cpus()[0]?.model ?? '' },
    seconds: (performance.now() - startMs) / 1_000,
  }
}
