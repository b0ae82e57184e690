/** The page's inference: the module worker of src/worker behind the inference port. A worker that dies is replaced at the next request. */
import type { InferencePort } from '../protocol/inference.ts'
import { channelOfBrowserPort } from '../worker/compute-channel.ts'
import type { PageInit } from '../worker/inference/contract.ts'
import { createInferenceClient } from '../worker/inference/inference-client.ts'

/** Where the host serves models, relative to the page. */
const MODELS_URL = './models/'

/** Nothing is started before the first request. */
export function createPageInference(): InferencePort {
  let running: InferencePort | undefined
  const use = (): InferencePort => {
    running ??= startWorker(() => {
      running = undefined
    })
    return running
  }
  return {
    load: async (model, signal) => use().load(model, signal),
    generate: async (job, listener, signal) => use().generate(job, listener, signal),
    score: async (job, signal) => use().score(job, signal),
  }
}

function startWorker(onDead: () => void): InferencePort {
  const worker = new Worker(new URL('../worker/inference-entry-browser.ts', import.meta.url), {
    type: 'module',
    name: 'tailrace-inference',
  })
  const init: PageInit = { modelsUrl: new URL(MODELS_URL, location.href).href, backend: 'auto' }
  worker.postMessage(init)
  const client = createInferenceClient(channelOfBrowserPort(worker))
  worker.addEventListener('error', (event) => {
    onDead()
    client.close(event.message === '' ? 'the inference worker failed' : event.message)
    worker.terminate()
  })
  return client
}
