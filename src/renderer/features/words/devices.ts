/** Why a device computes the way it does: complete sentences. */

/** Why the processor races instead of the GPU. */
export function backendReason(reason: string): string {
  if (reason.startsWith('not_conformant')) {
    return `The GPU’s results differ from the network’s in at least one bit${firstStage(reason)}, so they would not count. A newer driver may fix it.`
  }
  switch (reason) {
    case 'webgpu':
      return 'The GPU computes every test attempt exactly.'
    case 'software_adapter':
      return 'The browser offers WebGPU only in software here, which is slower than the processor itself.'
    case 'no_adapter':
      return 'The browser offers no WebGPU adapter. Turn on hardware acceleration or update the graphics driver.'
    default:
      return 'The GPU is not in use.'
  }
}

/** Where a device went wrong first, as the gate of the worker reports it (src/worker/race-gate.ts); empty where that names no stage. */
export function firstStage(report: string): string {
  const stage = /\bstage ([a-z0-9.-]{1,64})/.exec(report)?.[1]
  return stage === undefined ? '' : `, first in the stage “${stage}”`
}

const SERVICE_REASONS = {
  '': 'The right backend and the faster one.',
  slower: 'Both backends are right; the other one was slower when measured.',
  no_adapter: 'The browser offers no WebGPU adapter here.',
  canary_mismatch: 'The other backend’s test answer differed from the reference, so it may not serve.',
  backend_failed: 'The other backend did not start.',
  no_backend: 'No backend of this machine can run the model.',
  device_lost: 'The GPU was lost.',
  invalid_graph: 'The model’s file cannot be run.',
  invalid_manifest: 'The model’s list of files is damaged.',
  invalid_tokenizer: 'The model’s tokenizer is damaged.',
  damaged_model: 'A file of the model does not have the hash that it must have.',
  source_mismatch: 'A file of the model does not have the hash that it must have.',
  source_unavailable: 'The place that the model comes from does not answer.',
  storage_full: 'There is no room left for the model’s files.',
  storage_failed: 'The model’s files could not be written.',
  unknown_model: 'This software does not have that model.',
  unknown_class: 'The network has no limits for what this device computes with.',
  model_unavailable: 'Its files could not be had.',
  compute_unavailable: 'Nothing computes: keep one tab of this page open.',
  worker_gone: 'The compute worker ended.',
  inference_failed: 'The model failed while it was tried.',
} as const

/** Why a model is served by this backend and not the other one, or not at all. */
export function serviceReason(code: string): string {
  return Object.hasOwn(SERVICE_REASONS, code)
    ? SERVICE_REASONS[code as keyof typeof SERVICE_REASONS]
    : `The reason is “${code.replaceAll('_', ' ')}”.`
}
