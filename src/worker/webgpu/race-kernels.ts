import arithmetic from '../../../shaders/arithmetic.wgsl?raw'
import dot4Packed from '../../../shaders/dot4-packed.wgsl?raw'
import dot4Unpacked from '../../../shaders/dot4-unpacked.wgsl?raw'
import philox from '../../../shaders/philox.wgsl?raw'
import raceAttention from '../../../shaders/race-attention.wgsl?raw'
import raceBatch from '../../../shaders/race-batch.wgsl?raw'
import raceDigest from '../../../shaders/race-digest.wgsl?raw'
import raceInput from '../../../shaders/race-input.wgsl?raw'
import raceLinear from '../../../shaders/race-linear.wgsl?raw'
import raceNorm from '../../../shaders/race-norm.wgsl?raw'
import raceWeights from '../../../shaders/race-weights.wgsl?raw'
import sha256 from '../../../shaders/sha256.wgsl?raw'
import type { RaceShape } from '../../race/shapes.ts'
import type { KernelName } from './race-plan.ts'

/** Compute pipelines of the race: joins the shader fragments and compiles them for one shape. */
export type RaceKernels = Readonly<Record<KernelName | 'expandWeights', GPUComputePipeline>>

/** How kernels are made for a device. Every variant gives the same bytes. */
export interface KernelVariant {
  /** Whether four int8 products are summed by the language feature or by hand. */
  readonly dot4: 'packed' | 'unpacked'
  /** Invocations that share a row in the norm. */
  readonly normLanes: 1 | 16
}

const PACKED_FEATURE = 'packed_4x8_integer_dot_product'

/** The variant that suits a device (measured on SwiftShader: with 16 lanes the norm takes nine times as long as with one). */
export function variantFor(languageFeatures: ReadonlySet<string>, isSoftware: boolean): KernelVariant {
  return { dot4: languageFeatures.has(PACKED_FEATURE) ? 'packed' : 'unpacked', normLanes: isSoftware ? 1 : 16 }
}

/** Compiled kernels of one device by shape and variant: compiling takes half a second where the adapter is slow. */
export type KernelCache = Map<string, Promise<RaceKernels>>

/** @throws the browser's GPUPipelineError where a kernel does not compile. */
export function raceKernels(
  cache: KernelCache,
  device: GPUDevice,
  shape: RaceShape,
  variant: KernelVariant,
): Promise<RaceKernels> {
  const key = `${shape.name} ${variant.dot4} ${variant.normLanes}`
  const known = cache.get(key)
  if (known !== undefined) {
    return known
  }
  const compiling = createRaceKernels(device, shape, variant)
  cache.set(key, compiling)
  compiling.catch(() => cache.delete(key))
  return compiling
}

async function createRaceKernels(device: GPUDevice, shape: RaceShape, variant: KernelVariant): Promise<RaceKernels> {
  const dot4 = variant.dot4 === 'packed' ? dot4Packed : dot4Unpacked
  const positions = { positions: shape.positions }
  const linear = device.createShaderModule({ label: 'linear', code: dot4 + arithmetic + raceBatch + raceLinear })

  function compile(entryPoint: string, module: GPUShaderModule, constants: Record<string, number>) {
    return device.createComputePipelineAsync({
      label: entryPoint,
      layout: 'auto',
      compute: { module, entryPoint, constants },
    })
  }
  function compileCode(entryPoint: string, fragments: readonly string[], constants: Record<string, number>) {
    return compile(entryPoint, device.createShaderModule({ label: entryPoint, code: fragments.join('') }), constants)
  }

  const heads = { ...positions, heads: shape.heads, head_words: shape.headWidth / 4 }
  const [expandWeights, embed, normalise, project, accumulate, attend, digest] = await Promise.all([
    compileCode('expand_weights', [philox, raceWeights], {}),
    compileCode('embed', [philox, arithmetic, raceBatch, raceInput], positions),
    compileCode('normalise', [arithmetic, raceBatch, raceNorm], { ...positions, lanes: variant.normLanes }),
    compile('project', linear, positions),
    compile('accumulate', linear, positions),
    compileCode('attend', [dot4, arithmetic, raceBatch, raceAttention], heads),
    compileCode('digest_attempts', [sha256, raceBatch, raceDigest], positions),
  ])
  return { expandWeights, embed, normalise, project, accumulate, attend, digest }
}
