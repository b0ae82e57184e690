import type { BackendKind, BackendReport, DeviceReport } from '../protocol/compute.ts'

/** Why a backend was chosen, as a code: `webgpu` is the best there is, the others say why it is not that one. */
export type BackendReason = 'webgpu' | 'no_adapter' | 'software_adapter' | `not_conformant:${string}`

export interface BackendChoice {
  readonly kind: BackendKind
  readonly reason: BackendReason
  readonly report: BackendReport
}

/** A choice, and when it was made: where the device says another generation by now, there may be a better one. */
export interface CheckedDevice extends BackendChoice {
  readonly generation: number | undefined
}

/**
 * WebGPU where it computes the vectors exactly and runs on hardware (or a software adapter is allowed), else the CPU, else
 * nothing: a backend that differs from the vectors in one bit would only produce finds that convict nobody but waste a race.
 */
export function chooseBackend(
  device: DeviceReport,
  options: { readonly allowSoftwareAdapter: boolean },
): BackendChoice | undefined {
  const webgpu = device.backends.find((backend) => backend.kind === 'webgpu')
  const reason = reasonAgainst(webgpu, options.allowSoftwareAdapter)
  if (webgpu !== undefined && reason === undefined) {
    return { kind: 'webgpu', reason: 'webgpu', report: webgpu }
  }
  const cpu = device.backends.find((backend) => backend.kind === 'cpu' && backend.conformant)
  return cpu === undefined ? undefined : { kind: 'cpu', reason: reason ?? 'no_adapter', report: cpu }
}

function reasonAgainst(webgpu: BackendReport | undefined, allowSoftwareAdapter: boolean): BackendReason | undefined {
  if (webgpu === undefined) {
    return 'no_adapter'
  }
  if (!webgpu.conformant) {
    return `not_conformant:${webgpu.firstDifference ?? 'unknown'}`
  }
  return webgpu.isSoftware && !allowSoftwareAdapter ? 'software_adapter' : undefined
}
