import arithmeticOnLanes from '../../../shaders/arithmetic.wgsl?raw'
import lanesFloat from '../../../shaders/lanes-float.wgsl?raw'
import lanesInt from '../../../shaders/lanes-int.wgsl?raw'
import linearFinish from '../../../shaders/linear-finish.wgsl?raw'
import philox from '../../../shaders/philox.wgsl?raw'
import productDot4 from '../../../shaders/product-dot4.wgsl?raw'
import productFloat from '../../../shaders/product-float.wgsl?raw'
import productInt from '../../../shaders/product-int.wgsl?raw'
import raceAttention from '../../../shaders/race-attention.wgsl?raw'
import raceAttentionQuad from '../../../shaders/race-attention-quad.wgsl?raw'
import raceBatch from '../../../shaders/race-batch.wgsl?raw'
import raceDigest from '../../../shaders/race-digest.wgsl?raw'
import raceInput from '../../../shaders/race-input.wgsl?raw'
import linearQuad from '../../../shaders/race-linear-quad.wgsl?raw'
import linearRegister from '../../../shaders/race-linear-register.wgsl?raw'
import linearStaged from '../../../shaders/race-linear-staged.wgsl?raw'
import raceNorm from '../../../shaders/race-norm.wgsl?raw'
import raceNormQuad from '../../../shaders/race-norm-quad.wgsl?raw'
import raceWeights from '../../../shaders/race-weights.wgsl?raw'
import sha256 from '../../../shaders/sha256.wgsl?raw'
import type { RaceShape } from '../../race/shapes.ts'
import { layerWeightBytes } from '../../race/shapes.ts'
import { expandShader } from './expand-shader.ts'
import type { KernelName } from './race-plan.ts'
import { ATTENTION_QUADS } from './race-plan.ts'
import type { RaceTuning } from './race-tuning.ts'
import { groupColumnsOf, thinTuning, tuningName } from './race-tuning.ts'

/** Compute pipelines of the race: joins the shader fragments and compiles them for one shape and tuning. */
export type RaceKernels = Readonly<Record<KernelName | 'expandWeights', GPUComputePipeline>>

/** Compiled kernels of one device by shape and tuning: compiling takes half a second where the adapter is slow. */
export type KernelCache = Map<string, Promise<RaceKernels>>

/** A module and what its pipeline is made of. */
interface KernelSource {
  readonly entryPoint: string
  readonly code: string
  readonly constants: Readonly<Record<string, number>>
}

const SUBGROUPS = 'enable subgroups;\n'
const PACKED = 'requires packed_4x8_integer_dot_product;\n'
const PRODUCTS = { dot4: productDot4, int: productInt, float: productFloat } as const
const LINEARS = { none: linearRegister, quad: linearQuad, workgroup: linearStaged } as const
/** Invocations that share a row of the norm through workgroup memory. */
const NORM_LANES = 16

/** @throws the browser's GPUPipelineError where a kernel does not compile. */
export function raceKernels(
  cache: KernelCache,
  device: GPUDevice,
  shape: RaceShape,
  tuning: RaceTuning,
): Promise<RaceKernels> {
  const key = `${shape.name} ${tuningName(tuning)}`
  const known = cache.get(key)
  if (known !== undefined) {
    return known
  }
  const compiling = compileKernels(device, kernelSources(shape, tuning))
  cache.set(key, compiling)
  compiling.catch(() => cache.delete(key))
  return compiling
}

/** The sources of all kernels: bounded, known by name, the same for the same shape and tuning. */
export function kernelSources(
  shape: RaceShape,
  tuning: RaceTuning,
): Readonly<Record<KernelName | 'expandWeights', KernelSource>> {
  const thin = thinTuning(tuning)
  return {
    expandWeights: {
      entryPoint: 'expand_weights',
      code: philox + raceWeights,
      constants: {
        layer_vectors: layerWeightBytes(shape) / 16,
        tall_vectors: (shape.width * (4 * shape.width + shape.hidden)) / 16,
        width_vectors: shape.width / 16,
        hidden_vectors: shape.hidden / 16,
        columns: tuning.tileColumns,
      },
    },
    embed: {
      entryPoint: 'embed',
      code: philox + arithmeticOf(tuning) + raceBatch + raceInput,
      constants: { positions: shape.positions },
    },
    normalise: normSource(shape, tuning),
    multiply: linearSource(shape, tuning),
    multiplyLast: linearSource(shape, thin),
    attend: attentionSource(shape, tuning),
    digest: { entryPoint: 'digest_attempts', code: sha256 + raceBatch + raceDigest, constants: {} },
  }
}

function linearSource(shape: RaceShape, tuning: RaceTuning): KernelSource {
  const blocks = tuning.tileColumns / 4
  const sizes = { rows: tuning.tileRows, quads: tuning.tileRows / 4, blocks }
  const columns = groupColumnsOf(tuning, shape.width)
  const rows = tuning.share === 'quad' ? {} : { group_rows: tuning.groupRows }
  return {
    entryPoint: 'multiply',
    code: [
      directives(tuning, tuning.share === 'quad'),
      arithmeticOf(tuning),
      PRODUCTS[tuning.product],
      raceBatch,
      linearFinish,
      expandShader(LINEARS[tuning.share], sizes),
    ].join(''),
    constants: { group_columns: columns, ...rows },
  }
}

function normSource(shape: RaceShape, tuning: RaceTuning): KernelSource {
  const arithmetic = arithmeticOf(tuning)
  if (tuning.norm === 'quad') {
    const code = SUBGROUPS + arithmetic + raceBatch + expandShader(raceNormQuad, { shares: shape.width / 16 })
    return { entryPoint: 'normalise', code, constants: {} }
  }
  const lanes = tuning.norm === 'row' ? 1 : NORM_LANES
  const kernel = expandShader(raceNorm, { shared: lanes === 1 ? 0 : 1 })
  return { entryPoint: 'normalise', code: arithmetic + raceBatch + kernel, constants: { lanes } }
}

function attentionSource(shape: RaceShape, tuning: RaceTuning): KernelSource {
  const isQuad = tuning.attention === 'quad'
  const sizes = { blocks: shape.positions / 4, vectors: shape.headWidth / 16 }
  const kernel = isQuad ? expandShader(raceAttentionQuad, sizes) : raceAttention
  const own = isQuad ? { group_quads: ATTENTION_QUADS } : { head_words: shape.headWidth / 4 }
  return {
    entryPoint: 'attend',
    code: `${directives(tuning, isQuad)}${arithmeticOf(tuning)}${PRODUCTS[tuning.product]}${raceBatch}${kernel}`,
    constants: { positions: shape.positions, heads: shape.heads, ...own },
  }
}

/** Where products are floats, so is what else they can spare shifts. */
function arithmeticOf({ product }: RaceTuning): string {
  return (product === 'float' ? lanesFloat : lanesInt) + arithmeticOnLanes
}

/** Directives come before all else in a module. */
function directives(tuning: RaceTuning, usesQuads: boolean): string {
  return (usesQuads ? SUBGROUPS : '') + (tuning.product === 'dot4' ? PACKED : '')
}

/** Kernels of one source are compiled once: with some tunings the products of the last position are the same as the others. */
async function compileKernels(
  device: GPUDevice,
  sources: Readonly<Record<KernelName | 'expandWeights', KernelSource>>,
): Promise<RaceKernels> {
  const bySource = new Map<string, Promise<GPUComputePipeline>>()
  const compiled = await Promise.all(
    Object.entries(sources).map(async ([label, { code, entryPoint, constants }]) => {
      const known = bySource.get(code)
      const pipeline =
        known ??
        device.createComputePipelineAsync({
          label,
          layout: 'auto',
          compute: { module: device.createShaderModule({ label, code }), entryPoint, constants },
        })
      bySource.set(code, pipeline)
      return [label, await pipeline] as const
    }),
  )
  return Object.fromEntries(compiled) as RaceKernels
}
