/**
 * The oracle in WebAssembly with SIMD: the digests and stages of oracle.ts, more than twenty times as fast. It races where
 * there is no GPU, recomputes what a GPU claims, and re-executes on chain. oracle.ts stays the reference that it is compared with.
 *
 * Invariant: an oracle is a name for a model, not its memory. At most MOST_INSTANCES of a shape exist in a realm; the one used
 * longest ago takes the weights of the next model, and an oracle whose weights were displaced expands them again (`std`: about
 * 30 ms). So nobody has to give memory back, and any number of epochs leaves no more behind than the last few.
 *
 * Read next: wasm/instance.ts, wasm/assembly/race.ts; why so: docs/decisions/0018-wasm-oracle.md.
 */
import { toHex } from '../lib/bytes.ts'
import { CodedError, errorCode } from '../lib/coded-error.ts'
import type { HostKeys } from './keys.ts'
import { checkNonce, createHostKeys, DIGEST_BYTES, SEED_BYTES, weightStream } from './keys.ts'
import type { RaceModel } from './model.ts'
import { createRaceModel } from './model.ts'
import type { RaceOracle, TracedStage } from './oracle.ts'
import { createOracle } from './oracle.ts'
import type { RaceShape, ShapeName } from './shapes.ts'
import { stageBytes, stagesOf } from './stages.ts'
import { MAX_WASM_BATCH, RaceInstance } from './wasm/instance.ts'

/** An attempt under a target. */
export interface WasmFind {
  readonly nonce: bigint
  /** 32 bytes. */
  readonly digest: Uint8Array
}

export interface WasmOracle extends RaceOracle {
  /** Those of the attempts whose digests lie under `target` (32 bytes), in order. @throws CodedError `invalid_host`, `invalid_target`. */
  search(host: Uint8Array, target: Uint8Array, nonces: BigUint64Array): readonly WasmFind[]
}

/** A `std` instance has about 18 MB, a `dev` one 0.3 MB. A host without a GPU races on one, checks on another and verifies the last epoch. */
export const MOST_INSTANCES: Readonly<Record<ShapeName, number>> = { dev: 8, std: 4 }

interface LoadedInstance {
  readonly instance: RaceInstance
  /** Which model's weights it holds. */
  modelId: string
}

/** Most recently used first. */
const loaded: Readonly<Record<ShapeName, LoadedInstance[]>> = { dev: [], std: [] }
let givenModels = 0

/** Instances that this realm holds, and their memory. */
export function wasmMemory(): { readonly instances: number; readonly bytes: number } {
  const all = [...loaded.dev, ...loaded.std]
  return { instances: all.length, bytes: all.reduce((sum, { instance }) => sum + instance.memoryBytes, 0) }
}

/**
 * Oracles of one model share its weights, but for those of a `racer`, whose finds the others recompute: from another copy.
 * @throws CodedError `no_wasm_simd`, `wasm_memory`, `invalid_epoch_seed`
 */
export function createWasmOracle(
  shape: RaceShape,
  epochSeed: Uint8Array,
  user: 'checker' | 'racer' = 'checker',
): WasmOracle {
  if (epochSeed.length !== SEED_BYTES) {
    throw new CodedError('invalid_epoch_seed', 'an epoch seed has 32 bytes', { fields: { bytes: epochSeed.length } })
  }
  const seed = Uint8Array.from(epochSeed)
  const modelId = `${user} ${toHex(seed)}`
  return oracleOn(shape, seed, modelId, (instance) => instance.expandWeights(weightStream(shape, seed)))
}

/** An oracle on the weights of the model, whatever they are: for tests of the extremes. @throws as `createWasmOracle`. */
export function createWasmOracleOf(model: RaceModel): WasmOracle {
  givenModels += 1
  return oracleOn(model.shape, model.epochSeed, `given ${givenModels}`, (instance) =>
    instance.setWeights(model.weights),
  )
}

/** The fastest oracle there is: WebAssembly, or the reference where an engine has no SIMD or no memory for it. */
export function createFastOracle(shape: RaceShape, epochSeed: Uint8Array): RaceOracle {
  try {
    return createWasmOracle(shape, epochSeed)
  } catch (error) {
    const code = errorCode(error)
    if (code !== 'no_wasm_simd' && code !== 'wasm_memory') {
      throw error
    }
    return createOracle(createRaceModel(shape, epochSeed))
  }
}

function oracleOn(
  shape: RaceShape,
  epochSeed: Uint8Array,
  modelId: string,
  fill: (instance: RaceInstance) => void,
): WasmOracle {
  const keysOf = createHostKeys(shape, epochSeed)
  const acquire = (): RaceInstance => acquireInstance(shape, modelId, fill)
  // Now, so that an engine that cannot is known at once.
  acquire()
  return {
    attempt(host, nonce) {
      const [digest] = acquire().digests(keysOf(host), BigUint64Array.of(checkNonce(nonce)))
      return digest as Uint8Array
    },
    trace: (host, nonce) => traceOn(acquire(), keysOf(host), checkNonce(nonce)),
    search(host, target, nonces) {
      if (target.length !== DIGEST_BYTES) {
        throw new CodedError('invalid_target', 'a target has 32 bytes', { fields: { bytes: target.length } })
      }
      const instance = acquire()
      const keys = keysOf(host)
      const finds: WasmFind[] = []
      for (let from = 0; from < nonces.length; from += MAX_WASM_BATCH) {
        const part = nonces.subarray(from, from + MAX_WASM_BATCH)
        for (const { index, digest } of instance.search(keys, target, part)) {
          finds.push({ nonce: part[index] as bigint, digest })
        }
      }
      return finds
    },
  }
}

function traceOn(instance: RaceInstance, keys: HostKeys, nonce: bigint): ReturnType<RaceOracle['trace']> {
  const remaining = stagesOf(instance.shape).values()
  const stages: TracedStage[] = []
  const digest = instance.trace(keys, nonce, () => {
    const stage = remaining.next().value
    if (stage !== undefined) {
      stages.push({ stage, bytes: stageBytes(instance.shape, stage, instance.tensorBytes(stage.tensor)) })
    }
  })
  return { stages, digest }
}

/** An instance with the weights of the model: the one that has them, a new one, or the one used longest ago. */
function acquireInstance(shape: RaceShape, modelId: string, fill: (instance: RaceInstance) => void): RaceInstance {
  const entries = loaded[shape.name]
  const at = entries.findIndex((entry) => entry.modelId === modelId)
  const known = entries[at]
  if (known !== undefined) {
    if (at > 0) {
      entries.splice(at, 1)
      entries.unshift(known)
    }
    return known.instance
  }
  const entry = newInstance(shape, entries) ?? (entries.pop() as LoadedInstance)
  entry.modelId = modelId
  fill(entry.instance)
  entries.unshift(entry)
  return entry.instance
}

/** Undefined where there are as many as there may be, or no memory for more than those that are there. */
function newInstance(shape: RaceShape, entries: readonly LoadedInstance[]): LoadedInstance | undefined {
  if (entries.length >= MOST_INSTANCES[shape.name]) {
    return undefined
  }
  try {
    return { instance: new RaceInstance(shape), modelId: '' }
  } catch (error) {
    if (entries.length === 0) {
      throw error
    }
    return undefined
  }
}
