import { pathToFileURL } from 'node:url'
import { CodedError } from '../../src/lib/coded-error.ts'

/** What a package that brings WebGPU to Node exports, the npm package `webgpu` (Dawn) for one. */
interface GpuModule {
  /** Opens the implementation; flags are its own, for instance `backend=vulkan`. */
  create(flags: string[]): GPU
  /** GPUBufferUsage and the others that a browser has as globals. */
  readonly globals: Readonly<Record<string, unknown>>
}

/**
 * Loads the module at `path` and makes its WebGPU that of this process. The project depends on no such package: whoever has a GPU machine
 * installs one elsewhere and names it.
 * @throws CodedError `no_gpu_module`.
 */
export async function loadNativeGpu(path: string | undefined, flags: readonly string[]): Promise<GPU> {
  if (path === undefined || path === '') {
    throw new CodedError(
      'no_gpu_module',
      'name a module that brings WebGPU to Node by --gpu PATH or TAILRACE_GPU_MODULE, for instance node_modules/webgpu/index.js of a folder in which you ran `npm install webgpu`',
    )
  }
  const module = await importModule(path)
  Object.assign(globalThis, module.globals)
  return module.create([...flags])
}

async function importModule(path: string): Promise<GpuModule> {
  let module: Partial<GpuModule>
  try {
    module = (await import(pathToFileURL(path).href)) as Partial<GpuModule>
  } catch (cause) {
    throw new CodedError('no_gpu_module', `${path} cannot be loaded`, { cause })
  }
  const { create, globals } = module
  if (typeof create !== 'function' || typeof globals !== 'object' || globals === null) {
    throw new CodedError('no_gpu_module', `${path} does not export create and globals`)
  }
  return { create, globals }
}
