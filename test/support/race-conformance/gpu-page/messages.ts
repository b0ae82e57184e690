/**
 * What Node asks the conformance page and its worker. Plain JSON, bytes as hexadecimal strings: it passes the browser's remote control.
 * Both ends are test code of one run, so nothing here is decoded against a schema.
 */
import type { ShapeName } from '../../../../src/race/shapes.ts'

/** How the device is opened and the kernels are chosen. */
export interface GpuVariant {
  /** WebGPU features that the device is to be opened without. */
  readonly without?: readonly GPUFeatureName[]
  /** The largest buffer that the engine may make; a larger one is refused here, whatever the device could do. */
  readonly maxBufferBytes?: number
  /** Name of a tuning of the device; absent: as the engine chooses. */
  readonly tuning?: string
}

export interface GpuDevice {
  readonly adapter: string
  readonly features: readonly string[]
  /** Names of the tunings that such a device may have. */
  readonly tunings: readonly string[]
}

export interface GpuJob {
  readonly shape: ShapeName
  readonly epochSeed: string
  readonly host: string
  readonly nonces: readonly string[]
}

export type GpuRequest =
  | { readonly type: 'open'; readonly variant: GpuVariant }
  | { readonly type: 'digests' | 'trace'; readonly job: GpuJob }
  | { readonly type: 'close' }

export type GpuAnswer =
  | { readonly type: 'opened'; readonly device: GpuDevice }
  | { readonly type: 'digests'; readonly digests: readonly string[] }
  | {
      readonly type: 'trace'
      readonly stages: readonly { readonly name: string; readonly bytes: string }[]
      readonly digest: string
    }
  | { readonly type: 'closed'; readonly largestBufferBytes: number }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }

export type AskGpu = (request: GpuRequest) => Promise<GpuAnswer>
