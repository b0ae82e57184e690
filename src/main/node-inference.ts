/** The inference of a Node process: the worker of src/worker in a thread of its own, behind the inference port. */
import { Worker } from 'node:worker_threads'
import { CodedError, errorCode, errorMessage } from '../lib/coded-error.ts'
import type { Logger } from '../lib/runtime.ts'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import type { InferencePort } from '../protocol/inference.ts'
import { channelOfNodePort } from '../worker/compute-channel.ts'
import type { NodeInit } from '../worker/inference/contract.ts'
import type { InferenceClient } from '../worker/inference/inference-client.ts'
import { createInferenceClient } from '../worker/inference/inference-client.ts'
import { isOutOfMemory } from '../worker/out-of-memory.ts'

export interface NodeInferenceOptions extends NodeInit {
  /** Built (`inference-worker.js`) or source (`inference-entry-node.ts`). */
  readonly workerFile: URL
  readonly logger?: Logger
}

export interface NodeInference extends InferencePort {
  stop(): Promise<void>
}

interface RunningWorker {
  readonly worker: Worker
  readonly client: InferenceClient
  isDead: boolean
}

/** Nothing runs before the first request; a worker that dies is replaced at the next one, which loads its model again. */
export function createNodeInference(options: NodeInferenceOptions): NodeInference {
  let running: RunningWorker | undefined
  let isStopped = false
  const use = (): InferenceClient => {
    if (isStopped) {
      throw new CodedError('worker_gone', 'this process is stopping')
    }
    if (running === undefined || running.isDead) {
      running = startWorker(options)
    }
    return running.client
  }
  return {
    load: async (model, signal) => use().load(model, signal),
    generate: async (job, listener, signal) => use().generate(job, listener, signal),
    score: async (job, signal) => use().score(job, signal),
    async stop() {
      isStopped = true
      if (running !== undefined && !running.isDead) {
        running.client.close('this process is stopping')
        await running.worker.terminate()
      }
    },
  }
}

function startWorker({
  workerFile,
  logger = SILENT_LOGGER,
  modelsFolder,
  threads,
}: NodeInferenceOptions): RunningWorker {
  const workerData: NodeInit = { modelsFolder, threads }
  const worker = new Worker(workerFile, { name: 'tailrace-inference', workerData })
  const client = createInferenceClient(channelOfNodePort(worker))
  const started: RunningWorker = { worker, client, isDead: false }
  worker.on('error', (error) => {
    logger.log('error', 'inference worker failed', { error: errorMessage(error) })
    started.isDead = true
    const isMemory = errorCode(error) === 'ERR_WORKER_OUT_OF_MEMORY' || isOutOfMemory(error)
    client.close('the inference worker failed', isMemory ? 'out_of_memory' : 'worker_gone')
  })
  worker.on('exit', () => {
    started.isDead = true
    client.close('the inference worker stopped')
  })
  return started
}
