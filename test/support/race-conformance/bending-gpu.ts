/** A browser's GPU whose driver compiles one kernel a little wrong, from a device on: a real adapter, real kernels, one other constant. */

export interface BendingOptions {
  /** Only modules with this entry point. */
  readonly entryPoint: string
  /** The constant as the source has it, and what the bad driver makes of it. */
  readonly from: string
  readonly to: string
  /** The first device that is wrong, counted from 1. */
  readonly firstDevice: number
}

export interface BendingGpu {
  readonly gpu: Pick<GPU, 'requestAdapter' | 'wgslLanguageFeatures'>
  /** Modules that were changed: 0 where the source has no such constant any more. */
  bent(): number
}

export function createBendingGpu(gpu: GPU, options: BendingOptions): BendingGpu {
  let devices = 0
  let bent = 0

  function watch(device: GPUDevice): GPUDevice {
    devices += 1
    if (devices < options.firstDevice) {
      return device
    }
    const create = device.createShaderModule.bind(device)
    device.createShaderModule = (descriptor) => {
      const isMeant = descriptor.code.includes(`fn ${options.entryPoint}(`) && descriptor.code.includes(options.from)
      bent += isMeant ? 1 : 0
      const code = isMeant ? descriptor.code.replace(options.from, options.to) : descriptor.code
      return create({ ...descriptor, code })
    }
    return device
  }

  return {
    gpu: {
      wgslLanguageFeatures: gpu.wgslLanguageFeatures,
      async requestAdapter(requested) {
        const adapter = await gpu.requestAdapter(requested)
        if (adapter !== null) {
          const request = adapter.requestDevice.bind(adapter)
          adapter.requestDevice = async (descriptor) => watch(await request(descriptor))
        }
        return adapter
      },
    },
    bent: () => bent,
  }
}
