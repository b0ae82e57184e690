import type { RaceBuffers } from './race-buffers.ts'
import { callBinding } from './race-buffers.ts'
import type { RaceKernels } from './race-kernels.ts'
import type { PlannedCall, PlannedPass } from './race-plan.ts'

/** Planned calls bound to pipelines and buffers, and the command buffers made of them. */

export interface BoundCall {
  readonly call: PlannedCall
  readonly pipeline: GPUComputePipeline
  readonly group: GPUBindGroup
}

export type BoundPass = readonly BoundCall[]

/** Invocations of shaders/race-weights.wgsl. */
const WEIGHTS_GROUP = 64

export function bindPasses(
  device: GPUDevice,
  kernels: RaceKernels,
  buffers: RaceBuffers,
  passes: readonly PlannedPass[],
): BoundPass[] {
  let index = 0
  return passes.map((pass) =>
    pass.map((call) => {
      const pipeline = kernels[call.kernel]
      const resources = [
        { buffer: buffers.batch },
        callBinding(buffers, index++),
        ...call.buffers.map((name) => ({ buffer: buffers.byName[name] })),
      ]
      const group = device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: resources.map((resource, binding) => ({ binding, resource })),
      })
      return { call, pipeline, group }
    }),
  )
}

/** Commands that expand `blocks` blocks of weights. */
export function bindWeights(
  device: GPUDevice,
  pipeline: GPUComputePipeline,
  buffers: RaceBuffers,
  blocks: number,
): GPUCommandBuffer {
  const encoder = device.createCommandEncoder()
  const pass = encoder.beginComputePass()
  pass.setPipeline(pipeline)
  const resources = [buffers.weightStream, buffers.byName.weights]
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: resources.map((buffer, binding) => ({ binding, resource: { buffer } })),
  })
  pass.setBindGroup(0, group)
  pass.dispatchWorkgroups(Math.ceil(blocks / WEIGHTS_GROUP))
  pass.end()
  return encoder.finish()
}

export function recordPass(device: GPUDevice, calls: BoundPass, attempts: number): GPUCommandBuffer {
  const encoder = device.createCommandEncoder()
  const pass = encoder.beginComputePass()
  for (const bound of calls) {
    recordCall(pass, bound, attempts)
  }
  pass.end()
  return encoder.finish()
}

export function recordCall(pass: GPUComputePassEncoder, { call, pipeline, group }: BoundCall, attempts: number): void {
  pass.setPipeline(pipeline)
  pass.setBindGroup(0, group)
  pass.dispatchWorkgroups(...call.workgroups(attempts))
}
