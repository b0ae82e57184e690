import type { Env, InferenceSessionFactory, TensorConstructor } from 'onnxruntime-web'

/** One instance of the ONNX runtime. Its builds are separate modules with settings of their own. */
export interface OrtModule {
  readonly InferenceSession: InferenceSessionFactory
  readonly Tensor: TensorConstructor
  readonly env: Env
}

/** The builds that an entry can load, each at most once. */
export interface OrtLoader {
  /** The plain WASM build with fixed-width SIMD, on one thread: the reference engine, and what serves where no GPU does. */
  wasm(): Promise<OrtModule>
  /** Another instance of the plain WASM build, for `threads` > 1. Absent where there are no threads. */
  threadedWasm?(threads: number): Promise<OrtModule>
  /** The build with the WebGPU provider. Absent where there is none. */
  webgpu?(): Promise<OrtModule>
}

/** Settings of a freshly loaded build. They count only before its first session. `wasmUrl`: where it finds its WASM file, if not beside it. */
export function configureOrt(ort: OrtModule, threads: number, wasmUrl?: string): OrtModule {
  ort.env.wasm.numThreads = threads
  ort.env.wasm.proxy = false
  // Relaxed SIMD may round by processor.
  ort.env.wasm.simd = 'fixed'
  ort.env.logLevel = 'error'
  if (wasmUrl !== undefined) {
    ort.env.wasm.wasmPaths = { wasm: wasmUrl }
  }
  return ort
}
