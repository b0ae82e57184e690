import type { OrtLoader, OrtModule } from './ort-runtime.ts'
import { configureOrt } from './ort-runtime.ts'

/** The builds that run in Node: both read the same WASM file; only the one made for Node starts threads. */
export function createNodeOrtLoader(): OrtLoader {
  let wasm: Promise<OrtModule> | undefined
  let threaded: Promise<OrtModule> | undefined
  return {
    wasm: () => (wasm ??= import('onnxruntime-web/wasm').then((ort) => configureOrt(ort, 1))),
    threadedWasm: (threads) => (threaded ??= import('onnxruntime-web').then((ort) => configureOrt(ort, threads))),
  }
}
