/** The conformance page: hands each question of Node to the worker, where the race runs in the product too. */
import type {} from './gpu-worker.ts'
import type { AskGpu, GpuAnswer } from './messages.ts'

declare global {
  interface Window {
    askGpu?: AskGpu
  }
}

const worker = new Worker(new URL('./gpu-worker.ts', import.meta.url), { type: 'module' })
let waiting: PromiseWithResolvers<GpuAnswer> | undefined
worker.addEventListener('message', ({ data }: MessageEvent<GpuAnswer>) => waiting?.resolve(data))
worker.addEventListener('error', ({ message }) =>
  waiting?.resolve({ type: 'failed', code: 'worker_failed', message: message }),
)

/** One question at a time. */
window.askGpu = (request) => {
  waiting = Promise.withResolvers()
  worker.postMessage(request)
  return waiting.promise
}
