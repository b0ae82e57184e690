import { CodedError, errorMessage } from '../../lib/coded-error.ts'
import type { InferenceBackend } from '../../protocol/inference.ts'
import type { NumericClass } from '../../protocol/work/classes.ts'
import { isOutOfMemory } from '../out-of-memory.ts'
import { describeAdapter } from '../webgpu/gpu-context.ts'
import type { ModelSession, ModelShape, TensorLedger } from './model-session.ts'
import { openModelSession } from './model-session.ts'
import type { Mutex } from './mutex.ts'
import type { OrtLoader } from './ort/ort-runtime.ts'
import type { StepLayout } from './sequence.ts'

export interface OpenedBackend {
  readonly session: ModelSession
  /** For people, at most 128 characters. */
  readonly adapter: string
}

/** A way to compute a model. */
export interface BackendSource {
  readonly kind: InferenceBackend
  readonly numericClass: NumericClass
  readonly layout: StepLayout
  /** The same build as the reference engine, so that one session can be both. */
  readonly isReferenceBuild: boolean
  /** A session of its own at each call. @throws CodedError `no_adapter`, `backend_failed`, `invalid_graph` */
  open(shape: ModelShape, graph: Uint8Array): Promise<OpenedBackend>
}

export interface BackendComponents {
  readonly loader: OrtLoader
  readonly mutex: Mutex
  readonly ledger: TensorLedger
}

/** The pinned WASM build on one thread, in aligned steps: bit for bit the same on every machine. */
export function createReferenceSource(components: BackendComponents): BackendSource {
  return { ...createWasmSource(components, 1), layout: 'aligned' }
}

export function createWasmSource(components: BackendComponents, threads: number): BackendSource {
  const { loader } = components
  const { threadedWasm } = loader
  const isThreaded = threads > 1 && threadedWasm !== undefined
  return {
    kind: 'wasm',
    numericClass: 'fp32-wasm',
    layout: 'free',
    isReferenceBuild: !isThreaded,
    async open(shape, graph) {
      const ort = await loaded(isThreaded ? threadedWasm(threads) : loader.wasm())
      const session = await openModelSession({ ...components, ort }, { shape, graph })
      return { session, adapter: isThreaded ? `WASM, ${threads} threads` : 'WASM' }
    },
  }
}

/** `gpu`: undefined where the runtime has no WebGPU. */
export function createWebgpuSource(components: BackendComponents, gpu: GPU | undefined): BackendSource {
  const { loader } = components
  return {
    kind: 'webgpu',
    numericClass: 'fp32-webgpu',
    layout: 'free',
    isReferenceBuild: false,
    async open(shape, graph) {
      if (gpu === undefined || loader.webgpu === undefined) {
        throw new CodedError('no_adapter', 'no WebGPU here')
      }
      const { device, description } = await openDevice(gpu)
      try {
        const ort = await loaded(loader.webgpu())
        const session = await openModelSession({ ...components, ort }, { shape, graph, device })
        return { session, adapter: description }
      } catch (error) {
        device.destroy()
        throw error
      }
    },
  }
}

async function loaded<T>(loading: Promise<T>): Promise<T> {
  return loading.catch((cause: unknown) => {
    const code = isOutOfMemory(cause) ? 'out_of_memory' : 'backend_failed'
    throw new CodedError(code, `the runtime did not load: ${errorMessage(cause)}`.slice(0, 512), { cause })
  })
}

/** What a model may need more of than every adapter has. */
const RAISED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const

/** No features are asked for: with `subgroups` the runtime takes kernels that gave wrong logits on one adapter. */
async function openDevice(gpu: GPU): Promise<{ device: GPUDevice; description: string }> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (adapter === null) {
    throw new CodedError('no_adapter', 'the browser offers no WebGPU adapter')
  }
  const requiredLimits = Object.fromEntries(RAISED_LIMITS.map((name) => [name, adapter.limits[name]]))
  const device = await adapter.requestDevice({ requiredLimits }).catch((cause: unknown) => {
    throw new CodedError('backend_failed', `no WebGPU device: ${errorMessage(cause)}`.slice(0, 512), { cause })
  })
  const { vendor, architecture, description, isSoftware } = describeAdapter(adapter.info)
  const words = ['WebGPU', description, vendor, architecture, isSoftware ? 'software' : '']
  return {
    device,
    description: words
      .filter((word) => word !== '')
      .join(' · ')
      .slice(0, 128),
  }
}
