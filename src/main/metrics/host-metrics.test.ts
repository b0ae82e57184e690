import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createOracleCompute } from '../../../test/support/host-compute.ts'
import { parseMetrics } from '../../../test/support/metrics/parse-metrics.ts'
import { samplingParams } from '../../../test/support/sampling-logits.ts'
import { tempTree } from '../../../test/support/temp-tree.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { makeBatch, makeJob, secretsOf, testKey, WORK_MODEL, workKeysOf } from '../../../test/support/work/fixtures.ts'
import { createToyInference } from '../../../test/support/work/toy-inference.ts'
import { createViewStore } from '../../host/view-store.ts'
import { createWorkViewStore } from '../../host/work/work-view.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { MetricsRegistry } from '../../lib/metrics.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import type { RaceJob } from '../../protocol/compute.ts'
import type { GenerateJob } from '../../protocol/inference.ts'
import type { ClosableChainPort } from '../chain-port.ts'
import { createKeyPort } from '../keys/key-ports.ts'
import { signerOfHostKeys } from '../keys/local-signer.ts'
import { openWorkStore } from '../work/work-store.ts'
import { watchHost } from './host-gauges.ts'
import { createHostMetrics } from './host-metrics.ts'

const never = new AbortController().signal
const payer = testKey('payer')

function scene() {
  const registry = new MetricsRegistry()
  const clock = new VirtualClock()
  const metrics = createHostMetrics(registry, () => clock.nowMs())
  return { registry, clock, metrics, values: () => parseMetrics(registry.render()) }
}

test('a race: attempts and finds as the listener hears them', async () => {
  const { clock, metrics, values } = scene()
  const compute = metrics.compute(createOracleCompute(clock))
  const stop = new AbortController()
  const heard: number[] = []
  const job: RaceJob = {
    shape: 'dev',
    epochSeed: new Uint8Array(32).fill(1),
    host: new Uint8Array(20),
    target: new Uint8Array(32).fill(0x3f),
    startNonce: 0n,
    backend: 'cpu',
    dutyPpm: 1_000_000,
  }
  const listener = {
    onFinds: () => undefined,
    onNotice: () => undefined,
    onProgress: ({ attempts }: { attempts: number }) => heard.push(attempts),
  }
  const racing = compute.race(job, listener, stop.signal)
  await clock.advance(1_600)
  stop.abort()
  const last = await racing
  expect(heard).toEqual([8, 16, 24])
  expect(last.attempts).toBe(24)
  expect(values().get('tailrace_host_race_attempts_total{backend="cpu"}')).toBe(24)
  expect(values().get('tailrace_host_race_finds_total{backend="cpu"}')).toBe(last.finds)
  expect(last.finds).toBeGreaterThan(0)
  expect((await compute.probe(never)).backends).toHaveLength(1)
})

test('generations: tokens, times and how they end; an error passes as it is', async () => {
  const { clock, metrics, values } = scene()
  const toy = createToyInference(clock, { stepMs: 100 })
  const inference = metrics.inference(toy)
  const job: GenerateJob = {
    model: WORK_MODEL,
    prompt: [1, 2, 3],
    maxTokens: 4,
    sampling: samplingParams(),
    samplingSeed: new Uint8Array(32),
    choice: 0,
    stop: [],
  }
  const seen: number[] = []
  const generating = inference.generate(job, { onTokens: ({ tokens }) => void seen.push(...tokens) }, never)
  await clock.advance(1_000)
  const result = await generating
  expect(seen).toHaveLength(result.outputTokens)
  const at = values()
  expect(at.get(`tailrace_host_generations_total{finish="${result.finish}"}`)).toBe(1)
  expect(at.get('tailrace_host_tokens_total{kind="output"}')).toBe(result.outputTokens)
  expect(at.get('tailrace_host_tokens_total{kind="prompt"}')).toBe(3)
  expect(at.get('tailrace_host_generation_seconds_count')).toBe(1)
  expect(at.get('tailrace_host_first_token_seconds_count')).toBe(1)
  toy.faults.generate = 'out_of_memory'
  const failing = inference.generate(job, { onTokens: () => undefined }, never).catch((error: unknown) => error)
  await clock.advance(1_000)
  expect(await failing).toMatchObject({ code: 'out_of_memory' })
  toy.faults.load = 'model_unavailable'
  await expect(inference.load('m', never)).rejects.toMatchObject({ code: 'model_unavailable' })
  expect(values().get('tailrace_host_generations_total{finish="out_of_memory"}')).toBe(1)
  expect(values().get('tailrace_host_model_loads_total{result="model_unavailable"}')).toBe(1)
  expect(inference.generation?.()).toBe(0)
})

test('orders and batches are counted when they change, in the real store; refusals by reason', async () => {
  const { metrics, values } = scene()
  const file = openWorkStore(join(tempTree({}), 'work.db'))
  onTestFinished(() => file.close())
  const store = metrics.store(file)
  const { job, data } = makeJob(payer, 1n, { cumulative: 4n })
  const running = { ...job, state: 'running' as const }
  await store.putJob(running, data)
  await store.putJob(running, data)
  await store.putJob({ ...job, state: 'delivered' })
  const batched = { ...job, state: 'batched' as const, root: 'aa'.repeat(32), index: 0 }
  const batch = makeBatch('aa'.repeat(32), [job.orderHash])
  await store.putBatch({ ...batch, state: 'taken' }, [batched])
  await store.putBatch({ ...batch, state: 'paid', sum: 12n }, [])
  await store.putBatch({ ...batch, state: 'paid', sum: 12n }, [])
  const keys = workKeysOf(secretsOf('host'))
  const refusal = { orderHash: new Uint8Array(32), host: new Uint8Array(20), code: 'busy', height: 1n }
  await store.putRefusal(await keys.signRefusal(refusal))
  const at = values()
  expect(at.get('tailrace_host_orders_total{state="running",error=""}')).toBe(1)
  expect(at.get('tailrace_host_orders_total{state="delivered",error=""}')).toBe(1)
  expect(at.get('tailrace_host_orders_total{state="batched",error=""}')).toBe(1)
  expect(at.get('tailrace_host_batches_total{state="taken"}')).toBe(1)
  expect(at.get('tailrace_host_batches_total{state="paid"}')).toBe(1)
  expect(at.get('tailrace_host_paid_utail_total')).toBe(12)
  expect(at.get('tailrace_host_refusals_total{reason="busy"}')).toBe(1)
  expect(await store.job(job.orderHash)).toMatchObject({ state: 'batched' })
})

test('transactions by type and result; what is thrown is named by its code', async () => {
  const { clock, metrics, values } = scene()
  const outcomes = [
    { code: 0, codespace: '' },
    { code: 32, codespace: 'sdk' },
  ]
  const port: Pick<ClosableChainPort, 'submit' | 'chainId'> = {
    chainId: 'c',
    async submit() {
      const next = outcomes.shift()
      if (next === undefined) {
        throw new CodedError('tx_timeout', 'x')
      }
      await clock.sleep(300)
      return { ...next, log: '', height: 1, hash: '' }
    },
  }
  // The port has some twenty questions more; none is asked here.
  const chain = metrics.chain(port as ClosableChainPort)
  const message = { typeUrl: '/tailrace.v1.MsgSetActive', value: { host: '', active: true } } as never
  for (let sent = 0; sent < 2; sent++) {
    const submitted = chain.submit([message], 'device', never)
    await clock.advance(300)
    await submitted
  }
  await expect(chain.submit([message], 'device', never)).rejects.toMatchObject({ code: 'tx_timeout' })
  expect(chain.chainId).toBe('c')
  const at = values()
  expect(at.get('tailrace_host_txs_total{type="MsgSetActive",result="0"}')).toBe(1)
  expect(at.get('tailrace_host_txs_total{type="MsgSetActive",result="sdk/32"}')).toBe(1)
  expect(at.get('tailrace_host_txs_total{type="MsgSetActive",result="tx_timeout"}')).toBe(1)
  expect(at.get('tailrace_host_tx_seconds_sum{type="MsgSetActive"}')).toBeCloseTo(0.6)
})

test('what a host shows: phase, chain, queue, notices once each, checks by verdict', () => {
  const { registry, clock, values } = scene()
  const secrets = secretsOf('host')
  const keys = createKeyPort(signerOfHostKeys({ ownerKey: secrets.owner, deviceKey: secrets.device }))
  const components = { clock, logger: SILENT_LOGGER, keys }
  const view = createViewStore(components, 'peer')
  const work = createWorkViewStore(components)
  watchHost(
    registry,
    {
      view: () => view.current(),
      onChange: (listener) => view.onChange(listener),
      work: { view: () => work.current(), onChange: (listener) => work.onChange(listener) },
    },
    () => clock.nowMs(),
  )
  view.update({ phase: 'racing', joined: true, connection: 'connected', peers: 3, balance: 5n })
  view.notice('info', 'race_started')
  view.notice('error', 'internal_fault')
  work.notice('info', 'check_reported', { batch: 1, point: 2, verdict: 'fail' })
  work.notice('info', 'check_reported', { batch: 1, point: 3, verdict: 'pass' })
  work.update({ queue: { running: 1, waiting: 2, refuses: 'busy' } })
  const at = values()
  expect(at.get('tailrace_host_phase{phase="racing"}')).toBe(1)
  expect(at.get('tailrace_host_phase{phase="idle"}')).toBe(0)
  expect(at.get('tailrace_host_chain_connected')).toBe(1)
  expect(at.get('tailrace_host_peers')).toBe(3)
  expect(at.has('tailrace_host_chain_height')).toBe(false)
  expect(at.get('tailrace_host_notices_total{part="host",level="error",code="internal_fault"}')).toBe(1)
  expect(at.get('tailrace_host_notices_total{part="work",level="info",code="check_reported"}')).toBe(2)
  expect(at.get('tailrace_host_checks_total{verdict="fail"}')).toBe(1)
  expect(at.get('tailrace_host_queued_orders{state="waiting"}')).toBe(2)
  expect(at.get('tailrace_host_taking_orders')).toBe(0)
})
