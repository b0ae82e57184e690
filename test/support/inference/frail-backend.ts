/** The WASM backend in the place of a GPU: it computes for real, and the test says when its device is lost. */
import { CodedError } from '../../../src/lib/coded-error.ts'
import type { BackendSource, OpenedBackend } from '../../../src/worker/inference/backends.ts'
import type { ModelSession } from '../../../src/worker/inference/model-session.ts'

export interface FrailBackend {
  readonly source: BackendSource
  /** Sessions opened so far. */
  opened(): number
  /** Lets the session that is open fail at its next but `steps` step, and each later one. */
  loseAfter(steps: number): void
}

export interface FrailOptions {
  /** In place of the graph of the nth session (1, 2, …). */
  readonly graphOf?: (session: number, graph: Uint8Array) => Uint8Array
  /** Called at each step. */
  readonly onStep?: () => void
}

export function createFrailBackend(wasm: BackendSource, options: FrailOptions = {}): FrailBackend {
  let opened = 0
  let stepsLeft = Number.POSITIVE_INFINITY
  const source: BackendSource = {
    ...wasm,
    kind: 'webgpu',
    numericClass: 'fp32-webgpu',
    isReferenceBuild: false,
    async open(shape, graph) {
      opened += 1
      stepsLeft = Number.POSITIVE_INFINITY
      const { session } = await wasm.open(shape, options.graphOf?.(opened, graph) ?? graph)
      return { session: frail(session, opened), adapter: 'frail' } satisfies OpenedBackend
    },
  }
  function frail(session: ModelSession, number: number): ModelSession {
    return {
      shape: session.shape,
      async step(tokens, past) {
        options.onStep?.()
        if (number < opened || stepsLeft-- <= 0) {
          throw new CodedError('device_lost', 'the test took the device away')
        }
        return session.step(tokens, past)
      },
      dispose: (cache) => session.dispose(cache),
      close: () => session.close(),
    }
  }
  return {
    source,
    opened: () => opened,
    loseAfter(steps) {
      stepsLeft = steps
    },
  }
}
