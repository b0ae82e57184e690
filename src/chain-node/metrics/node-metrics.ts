/**
 * What a chain node measures of itself, the same under both engines (consensus, peers and CometBFT's mempool are measured by
 * CometBFT). Times are told as they pass; facts (sizes, own validator, snapshots) are asked for when somebody reads.
 * Invariant: measuring changes nothing and never throws into the engine; labels come from closed sets.
 * Read next: told.ts (what passes), node-facts.ts (what is asked for).
 */
import type { Application, BlockInput, BlockResult, TxResult } from '../../chain/application.ts'
import type { Histogram, MetricsRegistry } from '../../lib/metrics.ts'
import { overlay } from '../../lib/overlay.ts'
import { decodeTx } from '../../protocol/tx.ts'
import type { NodeFacts } from './node-facts.ts'
import { showFacts } from './node-facts.ts'
import type { Told } from './told.ts'
import { createTold, LANES } from './told.ts'

export interface NodeMetrics {
  /** The same application, measured. Once for each application that takes the place of another. */
  measure(application: Application): Application
  /** Where the facts come from; a later call takes the place of the parts that it names. */
  watch(facts: NodeFacts): void
}

export interface NodeMetricsOptions {
  /** Its series carry the chain, as CometBFT's do: `new MetricsRegistry({ chain_id })`. */
  readonly registry: MetricsRegistry
  /** Of the program. */
  readonly version: string
  readonly appVersion: number
  /** Milliseconds of a clock that nobody sets. */
  readonly steadyMs: () => number
}

/** App hashes are shown at these heights: two nodes that are asked at different moments can still be compared. */
const CHECKPOINT_BLOCKS = 100n
/** So many bits stand in a double exactly. */
const SHOWN_HASH_BYTES = 6

export function createNodeMetrics(options: NodeMetricsOptions): NodeMetrics {
  const { registry, steadyMs } = options
  const told = createTold(registry)
  const info = registry.gauge('tailrace_node_info', 'Program of this node; always 1.', ['version', 'app_version'])
  info.set(1, { version: options.version, app_version: String(options.appVersion) })
  const facts = showFacts(registry)

  return {
    measure(application) {
      const { height, appHash } = application.info()
      if (height > 0n) {
        told.height.set(Number(height))
        noteCheckpoint(told, height, appHash)
      }
      return measured(application, told, steadyMs)
    },
    watch: facts.watch,
  }
}

function measured(application: Application, told: Told, steadyMs: () => number): Application {
  let staged: { readonly input: BlockInput; readonly result: BlockResult } | undefined
  let takenMs: number | undefined

  function timed<T>(histogram: Histogram, work: () => T): T {
    const beganMs = steadyMs()
    const result = work()
    histogram.observe((steadyMs() - beganMs) / 1_000)
    return result
  }

  return overlay(application, {
    checkTx(tx, options = {}) {
      const result = timed(told.checkSeconds, () => application.checkTx(tx, options))
      told.checks.add({
        kind: options.recheck === true ? 'recheck' : 'new',
        lane: result.code === 0 ? (LANES[result.priority ?? 0] ?? 'other') : 'refused',
        code: codeOf(result),
      })
      return result
    },
    processProposal(input) {
      const isAccepted = application.processProposal(input)
      told.proposals.add({ verdict: isAccepted ? 'accepted' : 'rejected' })
      return isAccepted
    },
    finalizeBlock(input) {
      const result = timed(told.executionSeconds, () => application.finalizeBlock(input))
      staged = { input, result }
      return result
    },
    takeChanges() {
      takenMs = steadyMs()
      return application.takeChanges()
    },
    commit() {
      application.commit()
      // Both engines write to disk between these two calls, and nothing else.
      if (staged !== undefined && takenMs !== undefined) {
        told.commitSeconds.observe((steadyMs() - takenMs) / 1_000)
        noteBlock(told, staged.input, staged.result)
      }
      staged = undefined
      takenMs = undefined
    },
  })
}

/** Counted when it is committed: an engine may finalize a block twice. */
function noteBlock(told: Told, input: BlockInput, result: BlockResult): void {
  told.blocks.add()
  told.height.set(Number(input.height))
  told.blockTime.set(Number(input.timeMs) / 1_000)
  noteCheckpoint(told, input.height, result.appHash)
  input.txs.forEach((tx, index) => {
    const outcome = result.txResults[index]
    if (outcome !== undefined) {
      told.txs.add({ type: index === 0 ? 'randomness' : messageTypeOf(tx), code: codeOf(outcome) })
    }
  })
}

function noteCheckpoint(told: Told, height: bigint, appHash: Uint8Array): void {
  if (height % CHECKPOINT_BLOCKS === 0n) {
    told.checkpointHeight.set(Number(height))
    told.checkpointHash.set(appHash.subarray(0, SHOWN_HASH_BYTES).reduce((sum, byte) => sum * 256 + byte, 0))
  }
}

/** `<codespace>/<code>`, `0` where it went well. Both are ours: a closed set. */
function codeOf({ code, codespace }: TxResult): string {
  return code === 0 ? '0' : `${codespace}/${code}`
}

/** Of its first message, without the package; decodeTx knows a closed set of types, so nobody's text becomes a label. */
function messageTypeOf(tx: Uint8Array): string {
  try {
    const typeUrl = decodeTx(tx).messages[0]?.typeUrl ?? ''
    return typeUrl.slice(typeUrl.lastIndexOf('.') + 1)
  } catch {
    // The result's code says what is wrong with it.
    return 'undecodable'
  }
}
