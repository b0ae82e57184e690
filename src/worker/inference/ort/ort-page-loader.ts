import webgpuWasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url'
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url'
import type { OrtLoader, OrtModule } from './ort-runtime.ts'
import { configureOrt } from './ort-runtime.ts'

/** The builds of a page. The bundler serves their WASM files; each is fetched when it is first needed. */
export function createPageOrtLoader(): OrtLoader {
  let wasm: Promise<OrtModule> | undefined
  let webgpu: Promise<OrtModule> | undefined
  return {
    wasm: () => (wasm ??= import('onnxruntime-web/wasm').then((ort) => configureOrt(ort, 1, absolute(wasmUrl)))),
    webgpu: () =>
      (webgpu ??= import('onnxruntime-web/webgpu').then((ort) => configureOrt(ort, 1, absolute(webgpuWasmUrl)))),
  }
}

/** The runtime resolves relative paths against its own script. */
function absolute(url: string): string {
  return new URL(url, globalThis.location.href).href
}
