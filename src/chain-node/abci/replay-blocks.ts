import { equalBytes, toHex } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import type { Clock, Logger, Rng } from '../../lib/runtime.ts'
import type { Genesis } from '../../protocol/genesis.ts'
import { hashValidators } from '../block.ts'
import { openBlockStore } from '../block-store.ts'
import type { OpenApplication } from '../chain-node.ts'
import { openChain, restoreApplication } from '../chain-node.ts'
import { EmbeddedEngine } from '../embedded-engine.ts'
import { genesisHash } from '../genesis-file.ts'
import { MEMPOOL_LIMITS } from '../limits.ts'
import { Mempool } from '../mempool/mempool.ts'
import { ensureFolder } from '../private-file.ts'
import { createValidatorKey } from '../validator-key.ts'
import { decodeRecordedBlock } from './recorded-blocks.ts'

export interface ReplayComponents {
  readonly clock: Clock
  readonly logger: Logger
  readonly rng: Rng
  readonly openApplication?: OpenApplication
}

export interface ReplayResult {
  readonly height: number
  readonly appHash: Uint8Array
}

/**
 * Runs a recording (recorded-blocks.ts) through the embedded engine into `home`, block by block: finalize, database, commit as
 * for its own blocks. Blocks that the home has already are passed over, so the one that a crash recorded twice counts once.
 * @throws CodedError `app_hash_mismatch` naming the height and both hashes, at the first block that comes out differently;
 *   `malformed_record`, `invalid_block` and those of the block store
 */
export function replayBlocks(
  components: ReplayComponents,
  { home, genesis }: { readonly home: string; readonly genesis: Genesis },
  lines: Iterable<string>,
): ReplayResult {
  const { clock, logger, rng, openApplication = openChain } = components
  ensureFolder(home)
  const store = openBlockStore(`${home}/chain.db`, { chainId: genesis.chainId, genesisHash: genesisHash(genesis) })
  try {
    const application = restoreApplication(store, genesis, openApplication)
    const mempool = new Mempool({ application, logger }, MEMPOOL_LIMITS)
    // It proposes nothing here: any key will do.
    const validatorKey = createValidatorKey(rng)
    const engine = new EmbeddedEngine(
      { application, store, mempool, validatorKey, clock, logger },
      {
        chainId: genesis.chainId,
        genesisTimeMs: genesis.timeMs,
        blockTimeMs: genesis.params.blockTimeMs,
        validatorsHash: hashValidators(genesis),
      },
    )
    for (const line of lines) {
      replayLine(engine, line)
    }
    return { height: engine.height, appHash: application.info().appHash }
  } finally {
    store.close()
  }
}

function replayLine(engine: EmbeddedEngine, line: string): void {
  const { input, appHash } = decodeRecordedBlock(line)
  if (input.height <= engine.height) {
    return
  }
  const block = engine.replayBlock(input)
  if (!equalBytes(block.appHash, appHash)) {
    const fields = { height: block.header.height, recorded: toHex(appHash), computed: toHex(block.appHash) }
    throw new CodedError(
      'app_hash_mismatch',
      `block ${fields.height} gives app hash ${fields.computed}, recorded was ${fields.recorded}`,
      { fields },
    )
  }
}
