import type { Application, BlockInput, BlockResult, StateStore } from '../../../src/chain/application.ts'
import { createApplication } from '../../../src/chain/create-application.ts'
import type { OracleCache } from '../../../src/chain/judgement/oracle-cache.ts'
import type { MemoryStore } from '../../../src/chain/memory-store.ts'
import { createMemoryStore } from '../../../src/chain/memory-store.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import type { RaceOracle } from '../../../src/race/oracle.ts'
import { RACE_SHAPES } from '../../../src/race/shapes.ts'
import { createFastOracle } from '../../../src/race/wasm-oracle.ts'
import type { CountedSignatures } from './cheap-signing.ts'
import { createCheapSignatures, verifyRandomness } from './cheap-signing.ts'

/**
 * An application as an engine drives it: each block is proposed, finalized, its changes kept as a database would, then committed.
 * `disk` is what a restart begins with.
 */
export interface Machine {
  readonly app: Application
  readonly store: MemoryStore
  readonly disk: Disk
  readonly work: WorkCount
  readonly signatures: CountedSignatures
  run(input: BlockInput): BlockResult
}

export type Entry = readonly [key: Uint8Array, value: Uint8Array]
/** By the key's hex. */
export type Disk = Map<string, Entry>

/** Steps of the last block: what bounds its time on any machine. */
export interface WorkCount {
  /** Look-ups in the committed state, each entry of a range one. */
  reads: number
  writes: number
  /** Attempts recomputed. */
  attempts: number
}

export interface MachineOptions {
  readonly entries?: Iterable<Entry>
  /** Puts something between application and store. */
  readonly wrapStore?: (store: StateStore) => StateStore
  /** Puts something between engine and application. */
  readonly wrapApp?: (app: Application, store: MemoryStore) => Application
}

export function createMachine(options: MachineOptions = {}): Machine {
  const { entries = [], wrapStore = (store) => store, wrapApp = (app) => app } = options
  const initial = [...entries]
  // Behind a planted fault the store is there already: it is to spoil what the application writes, not what it is given.
  const store = createMemoryStore(options.wrapStore === undefined ? [] : initial)
  const disk: Disk = new Map(initial.map((entry) => [toHex(entry[0]), entry]))
  const work: WorkCount = { reads: 0, writes: 0, attempts: 0 }
  const signatures = createCheapSignatures()
  const application = createApplication({
    store: wrapStore(countReads(store, work)),
    ...(options.wrapStore === undefined ? { initialState: initial } : {}),
    verifySignature: verifyRandomness,
    signatures,
    oracles: countAttempts(work),
  })
  const app = wrapApp(application, store)
  return {
    app,
    store,
    disk,
    work,
    signatures,
    run(input) {
      if (!app.processProposal(input)) {
        throw new Error(`the block of height ${input.height} is refused`)
      }
      Object.assign(work, { reads: 0, writes: 0, attempts: 0 })
      const result = app.finalizeBlock(input)
      const changes = app.takeChanges()
      work.writes = changes.length
      for (const { key, value } of changes) {
        if (value === undefined) {
          disk.delete(toHex(key))
        } else {
          disk.set(toHex(key), [key, value])
        }
      }
      app.commit()
      return result
    },
  }
}

function countReads(store: MemoryStore, work: WorkCount): StateStore {
  return {
    get(key) {
      work.reads += 1
      return store.get(key)
    },
    set: store.set,
    delete: store.delete,
    *range(from, to, options) {
      for (const entry of store.range(from, to, options)) {
        work.reads += 1
        yield entry
      }
    },
  }
}

function countAttempts(work: WorkCount): OracleCache {
  return {
    attempt(...source) {
      work.attempts += 1
      return attempts.attempt(...source)
    },
  }
}

/** An attempt is 2 ms, and all chains of a run ask for the same ones again and again. */
export const attempts: OracleCache = createSharedAttempts()
const ORACLES_KEPT = 8

function createSharedAttempts(): OracleCache {
  const digests = new Map<string, Uint8Array>()
  const oracles = new Map<string, RaceOracle>()
  return {
    attempt(shape, seed, host, nonce) {
      const model = `${shape}/${toHex(seed)}`
      const id = `${model}/${toHex(host)}/${nonce}`
      const known = digests.get(id)
      if (known !== undefined) {
        return known
      }
      const oracle = oracles.get(model) ?? createFastOracle(RACE_SHAPES[shape], seed)
      oracles.delete(model)
      oracles.set(model, oracle)
      const [oldest] = oracles.keys()
      if (oracles.size > ORACLES_KEPT && oldest !== undefined) {
        oracles.delete(oldest)
      }
      const digest = oracle.attempt(host, nonce)
      digests.set(id, digest)
      return digest
    },
  }
}
