/**
 * What a host measures of itself. It is put around the ports that the host is given (compute, inference, chain, store) and looks
 * at the views that the screen sees, so no part of the host knows of it. Invariant: what goes through a measured port is what the
 * port gives, error or not. Read next: host-gauges.ts (what is asked for), metrics-server.ts.
 */
import type { WorkStore } from '../../host/work/ports.ts'
import { errorCode } from '../../lib/coded-error.ts'
import type { Counter, Histogram, MetricsRegistry } from '../../lib/metrics.ts'
import { overlay } from '../../lib/overlay.ts'
import type { ComputePort, RaceProgress } from '../../protocol/compute.ts'
import type { InferencePort } from '../../protocol/inference.ts'
import type { TypedMessage } from '../../protocol/messages.ts'
import type { ClosableChainPort } from '../chain-port.ts'

export interface HostMetrics {
  compute(port: ComputePort): ComputePort
  inference(port: InferencePort): InferencePort
  chain(port: ClosableChainPort): ClosableChainPort
  store(store: WorkStore): WorkStore
}

const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120, 300]
/** Orders and batches whose last state is remembered, to count a change once. */
const REMEMBERED = 4_096

/** `steadyMs`: milliseconds of a clock that nobody sets. */
export function createHostMetrics(registry: MetricsRegistry, steadyMs: () => number): HostMetrics {
  return {
    compute: measureCompute(registry),
    inference: measureInference(registry, steadyMs),
    chain: measureChain(registry, steadyMs),
    store: measureStore(registry),
  }
}

function measureCompute(registry: MetricsRegistry): HostMetrics['compute'] {
  const attempts = registry.counter('tailrace_host_race_attempts_total', 'Attempts of races.', ['backend'])
  const finds = registry.counter('tailrace_host_race_finds_total', 'Finds that the oracle confirmed.', ['backend'])
  const faulty = registry.counter('tailrace_host_race_faulty_finds_total', 'Finds that the oracle did not confirm.')
  return (port) =>
    overlay(port, {
      async race(job, listener, signal) {
        let before: Pick<RaceProgress, 'attempts' | 'finds' | 'faultyFinds'> = { attempts: 0, finds: 0, faultyFinds: 0 }
        const note = (progress: RaceProgress): void => {
          const { backend } = progress
          attempts.add({ backend }, progress.attempts - before.attempts)
          finds.add({ backend }, progress.finds - before.finds)
          faulty.add({}, progress.faultyFinds - before.faultyFinds)
          before = progress
        }
        const last = await port.race(
          job,
          {
            onFinds: (nonces) => listener.onFinds(nonces),
            onNotice: (code) => listener.onNotice(code),
            onProgress(progress) {
              note(progress)
              listener.onProgress(progress)
            },
          },
          signal,
        )
        note(last)
        return last
      },
    })
}

function measureInference(registry: MetricsRegistry, steadyMs: () => number): HostMetrics['inference'] {
  const generations = registry.counter('tailrace_host_generations_total', 'Generations by how they ended.', ['finish'])
  const tokens = registry.counter('tailrace_host_tokens_total', 'Tokens read and written for orders.', ['kind'])
  const total = registry.histogram('tailrace_host_generation_seconds', 'Time of a generation.', SECONDS)
  const first = registry.histogram('tailrace_host_first_token_seconds', 'Time to the first token.', SECONDS)
  const scorings = registry.counter('tailrace_host_scorings_total', 'Scorings for checks by engine and result.', [
    'engine',
    'result',
  ])
  const scoring = registry.histogram('tailrace_host_scoring_seconds', 'Time of a scoring.', SECONDS, ['engine'])
  const loads = registry.counter('tailrace_host_model_loads_total', 'Attempts to load a model by result.', ['result'])
  const since = (beganMs: number): number => (steadyMs() - beganMs) / 1_000
  return (port) =>
    overlay(port, {
      load: (model, signal) => counted(loads, {}, () => port.load(model, signal)),
      async generate(job, listener, signal) {
        const beganMs = steadyMs()
        let isFirst = true
        try {
          const result = await port.generate(
            job,
            {
              onTokens(chunk) {
                if (isFirst) {
                  isFirst = false
                  first.observe(since(beganMs))
                }
                tokens.add({ kind: 'output' }, chunk.tokens.length)
                return listener.onTokens(chunk)
              },
            },
            signal,
          )
          generations.add({ finish: result.finish })
          return result
        } catch (error) {
          generations.add({ finish: codeOf(error) })
          throw error
        } finally {
          tokens.add({ kind: 'prompt' }, job.prompt.length)
          total.observe(since(beganMs))
        }
      },
      async score(job, signal) {
        const { engine } = job
        const beganMs = steadyMs()
        const result = await counted(scorings, { engine }, () => port.score(job, signal))
        scoring.observe(since(beganMs), { engine })
        return result
      },
    })
}

function measureChain(registry: MetricsRegistry, steadyMs: () => number): HostMetrics['chain'] {
  const txs = registry.counter(
    'tailrace_host_txs_total',
    'Transactions sent, by the type of the first message and the result: 0 = executed.',
    ['type', 'result'],
  )
  const seconds: Histogram = registry.histogram(
    'tailrace_host_tx_seconds',
    'Time from signing to the block of a transaction.',
    SECONDS,
    ['type'],
  )
  return (port) =>
    overlay(port, {
      async submit(messages, key, signal) {
        const type = typeOf(messages)
        const beganMs = steadyMs()
        try {
          const outcome = await port.submit(messages, key, signal)
          txs.add({ type, result: outcome.code === 0 ? '0' : `${outcome.codespace}/${outcome.code}` })
          seconds.observe((steadyMs() - beganMs) / 1_000, { type })
          return outcome
        } catch (error) {
          txs.add({ type, result: codeOf(error) })
          throw error
        }
      },
    })
}

function measureStore(registry: MetricsRegistry): HostMetrics['store'] {
  const orders = registry.counter('tailrace_host_orders_total', 'Orders that reached this state, by state and error.', [
    'state',
    'error',
  ])
  const batches = registry.counter('tailrace_host_batches_total', 'Batches that reached this state.', ['state'])
  const refusals = registry.counter('tailrace_host_refusals_total', 'Orders refused by reason.', ['reason'])
  const paid = registry.counter('tailrace_host_paid_utail_total', 'Sum of the batches that were paid, in utail.')
  const changes = createChanges()
  return (store) =>
    overlay(store, {
      async putJob(job, data) {
        await store.putJob(job, data)
        if (changes.isNew(job.orderHash, job.state)) {
          orders.add({ state: job.state, error: job.errorCode ?? '' })
        }
      },
      async putBatch(batch, jobs) {
        await store.putBatch(batch, jobs)
        for (const job of jobs) {
          if (changes.isNew(job.orderHash, job.state)) {
            orders.add({ state: job.state, error: job.errorCode ?? '' })
          }
        }
        if (changes.isNew(batch.root, batch.state)) {
          batches.add({ state: batch.state })
          paid.add({}, batch.state === 'paid' ? Number(batch.sum) : 0)
        }
      },
      async putRefusal(refusal) {
        await store.putRefusal(refusal)
        refusals.add({ reason: refusal.refusal?.code ?? '' })
      },
    })
}

/** The same state is written more than once: only its first writing counts. */
function createChanges(): { isNew(name: string, state: string): boolean } {
  const states = new Map<string, string>()
  return {
    isNew(name, state) {
      const isNew = states.get(name) !== state
      states.delete(name)
      states.set(name, state)
      if (states.size > REMEMBERED) {
        const [oldest] = states.keys()
        states.delete(oldest as string)
      }
      return isNew
    },
  }
}

async function counted<T>(counter: Counter, labels: Record<string, string>, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work()
    counter.add({ ...labels, result: 'done' })
    return result
  } catch (error) {
    counter.add({ ...labels, result: codeOf(error) })
    throw error
  }
}

function typeOf([first]: readonly TypedMessage[]): string {
  return first === undefined ? 'none' : first.typeUrl.slice(first.typeUrl.lastIndexOf('.') + 1)
}

/** A code is a word of ours; whatever else was thrown is one label. */
function codeOf(error: unknown): string {
  const code = errorCode(error)
  return /^[a-z][a-z0-9_]{0,63}$/.test(code) ? code : 'error'
}
