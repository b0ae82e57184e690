import { errorCode } from '../../../../src/lib/coded-error.ts'
import type { InferenceReport } from '../../../../src/protocol/inference.ts'
import { channelOfBrowserPort } from '../../../../src/worker/compute-channel.ts'
import type { PageInit } from '../../../../src/worker/inference/contract.ts'
import { createInferenceClient } from '../../../../src/worker/inference/inference-client.ts'

/** A page that has nothing but the inference worker, to be built and served like the screen. */
export type LoadInPage = (model: string) => Promise<InferenceReport | { readonly failure: string }>

declare global {
  interface Window {
    loadModel?: LoadInPage
  }
}

const worker = new Worker(new URL('../../../../src/worker/inference-entry-browser.ts', import.meta.url), {
  type: 'module',
})
worker.postMessage({ modelsUrl: new URL('/models/', location.href).href, backend: 'auto' } satisfies PageInit)
const client = createInferenceClient(channelOfBrowserPort(worker))
worker.addEventListener('error', (event) => client.close(event.message))

window.loadModel = (model) =>
  client.load(model, new AbortController().signal).catch((error: unknown) => ({ failure: errorCode(error) }))
