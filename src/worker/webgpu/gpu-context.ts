import { CodedError, errorMessage } from '../../lib/coded-error.ts'
import { isOutOfMemory } from '../out-of-memory.ts'
import type { AdapterDescription, AdapterDetails } from '../race-engine.ts'
import type { KernelCache } from './race-kernels.ts'

/** A WebGPU device with what the race needs to know about it: who made it, and whether it is still there. */

export interface GpuContext {
  readonly device: GPUDevice
  readonly adapter: AdapterDescription
  /** WGSL language features of the browser. */
  readonly languageFeatures: ReadonlySet<string>
  /** What was compiled on this device; it goes with it. */
  readonly kernels: KernelCache
  /** False after a loss or an error that nobody caught. */
  readonly isUsable: boolean
  /** @throws CodedError `device_lost`, or `out_of_memory` or `gpu_error` after an error nobody caught. */
  check(): void
  /** Awaits device work; a failure becomes `device_lost`, `out_of_memory` or `gpu_error`. */
  guard<T>(work: Promise<T>): Promise<T>
  destroy(): void
}

const SOFTWARE_NAMES = /swiftshader|llvmpipe|lavapipe|software|basic render|warp/i
const MAX_TEXT = 64
const MAX_NAMES = 64
/** The limits that a kernel of the race or of a model meets first. */
const SHOWN_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupsPerDimension',
] as const satisfies readonly (keyof GPUSupportedLimits)[]

export interface GpuContextOptions {
  /** Features to go without, as if the adapter had none of them. */
  readonly without?: readonly GPUFeatureName[]
  /** No larger buffer is asked for; a device gives 256 MiB in any case, and bindings of 128 MiB. */
  readonly maxBufferBytes?: number
}

/** Used where the adapter has them: to time kernels, and to share operands between invocations. */
const FEATURES = ['timestamp-query', 'subgroups'] as const satisfies readonly GPUFeatureName[]
/** Limits that kernels gain by; what the adapter has of them is asked for. */
const BUFFER_LIMITS = ['maxBufferSize', 'maxStorageBufferBindingSize'] as const
const KERNEL_LIMITS = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const
/** More memory in one buffer than a batch would use (batch-plan.ts). */
const MOST_BUFFER_BYTES = 1 << 30

/** Opens the best adapter; undefined where the browser has no WebGPU or no adapter. */
export async function openGpuContext(
  gpu: GPU | undefined,
  options: GpuContextOptions = {},
): Promise<GpuContext | undefined> {
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' })
  if (gpu === undefined || adapter === undefined || adapter === null) {
    return undefined
  }
  const device = await adapter.requestDevice(deviceRequest(adapter, options))
  const languageFeatures = new Set(gpu.wgslLanguageFeatures ?? [])
  const description = { ...describeAdapter(adapter.info), details: detailsOf(adapter, languageFeatures) }
  return contextOf(device, description, languageFeatures)
}

function deviceRequest(adapter: GPUAdapter, { without = [], maxBufferBytes }: GpuContextOptions): GPUDeviceDescriptor {
  const requiredFeatures = FEATURES.filter((name) => adapter.features.has(name) && !without.includes(name))
  const most = Math.min(maxBufferBytes ?? MOST_BUFFER_BYTES, MOST_BUFFER_BYTES)
  const limits = [
    ...BUFFER_LIMITS.map((name) => [name, Math.min(adapter.limits[name], most)] as const),
    ...KERNEL_LIMITS.map((name) => [name, adapter.limits[name]] as const),
  ]
  const known = limits.filter(([, value]) => Number.isSafeInteger(value) && value > 0)
  return { requiredFeatures, requiredLimits: Object.fromEntries(known) }
}

export function describeAdapter(info: GPUAdapterInfo): AdapterDescription {
  const text = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`
  return {
    vendor: info.vendor.slice(0, MAX_TEXT),
    architecture: info.architecture.slice(0, MAX_TEXT),
    description: (info.description === '' ? info.device : info.description).slice(0, MAX_TEXT),
    isSoftware: info.isFallbackAdapter || SOFTWARE_NAMES.test(text),
  }
}

/** What the adapter could do, which may be more than the device that was asked for. */
function detailsOf(adapter: GPUAdapter, languageFeatures: ReadonlySet<string>): AdapterDetails {
  const names = (features: Iterable<string>) =>
    [...features]
      .map((name) => name.slice(0, MAX_TEXT))
      .sort()
      .slice(0, MAX_NAMES)
  return {
    device: adapter.info.device.slice(0, MAX_TEXT),
    features: names(adapter.features as ReadonlySet<string>),
    languageFeatures: names(languageFeatures),
    limits: SHOWN_LIMITS.map((name) => ({ name, value: adapter.limits[name] })).filter(
      ({ value }) => Number.isSafeInteger(value) && value >= 0,
    ),
  }
}

function contextOf(device: GPUDevice, adapter: AdapterDescription, languageFeatures: ReadonlySet<string>): GpuContext {
  let lost: string | undefined
  let failure: { readonly code: 'gpu_error' | 'out_of_memory'; readonly message: string } | undefined
  const lostSignal = device.lost.then((info) => {
    lost = `${info.reason}: ${info.message}`
  })
  device.addEventListener('uncapturederror', (event) => {
    failure ??= { code: isOutOfMemory(event.error) ? 'out_of_memory' : 'gpu_error', message: event.error.message }
  })

  function check(): void {
    if (lost !== undefined) {
      throw new CodedError('device_lost', lost)
    }
    if (failure !== undefined) {
      throw new CodedError(failure.code, failure.message)
    }
  }

  return {
    device,
    adapter,
    languageFeatures,
    kernels: new Map(),
    get isUsable() {
      return lost === undefined && failure === undefined
    },
    check,
    async guard(work) {
      try {
        // A lost device may leave work pending for ever, so its loss ends the wait.
        const result = await Promise.race([work, lostSignal.then((): never => throwLost(lost))])
        check()
        return result
      } catch (error) {
        // An aborted map arrives a turn before the loss that caused it.
        await Promise.resolve()
        check()
        throw asGpuError(error)
      }
    },
    destroy: () => device.destroy(),
  }
}

/** What the device or the browser threw, by code; what already has one keeps it. */
function asGpuError(error: unknown): CodedError {
  if (error instanceof CodedError) {
    return error
  }
  return new CodedError(isOutOfMemory(error) ? 'out_of_memory' : 'gpu_error', errorMessage(error), { cause: error })
}

function throwLost(reason: string | undefined): never {
  throw new CodedError('device_lost', reason ?? 'the device was lost')
}
