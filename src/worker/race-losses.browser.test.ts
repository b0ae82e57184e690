/** A whole race through the server, session and kernels of the worker, while its device is lost again and again at random points. */
import { describe, expect, test, vi } from 'vitest'
import type { LossPlace } from '../../test/support/race-conformance/losing-gpu.ts'
import { createLosingGpu } from '../../test/support/race-conformance/losing-gpu.ts'
import { toHex } from '../lib/bytes.ts'
import type { Clock } from '../lib/runtime.ts'
import { isFind } from '../race/find.ts'
import { RACE_SHAPES } from '../race/shapes.ts'
import { createWasmOracle } from '../race/wasm-oracle.ts'
import { BackendPool } from './backend-pool.ts'
import { channelOfBrowserPort } from './compute-channel.ts'
import type { ComputeRaceListener } from './compute-client.ts'
import { createComputeClient } from './compute-client.ts'
import { ComputeServer } from './compute-server.ts'
import type { ComputeProgress } from './contract.ts'
import { systemClock } from './system-clock.ts'
import { WebgpuSource } from './webgpu/gpu-source.ts'

// Each new device compiles its kernels again: against a hang alone.
vi.setConfig({ testTimeout: 300_000 })

const LOSSES = 20
const START = 2n ** 32n - 100n
const PLACES: readonly LossPlace[] = ['before the call', 'after the call', 'a turn later']
const host = new Uint8Array(20).fill(4)
const target = new Uint8Array(32)
target[0] = 0x20

/** Real time, but nobody waits long for a device to come back. */
const clock: Clock = {
  nowMs: () => systemClock.nowMs(),
  sleep: (delayMs, signal) => systemClock.sleep(Math.min(delayMs, 20), signal),
}

type Losing = ReturnType<typeof createLosingGpu>

interface RaceEnd {
  readonly losing: Losing
  readonly epochSeed: Uint8Array
  readonly last: ComputeProgress
  readonly nonces: readonly bigint[]
  readonly continuedOn: readonly string[]
}

/** Draws whole numbers below `bound` from a seed. */
function createDraw(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}

/** Races until `isOver`; `onFinds` and `onLoss` may lose the device. */
async function race(
  listen: (losing: Losing, events: { readonly losses: number; stop(): void }) => ComputeRaceListener,
  epochSeed: Uint8Array,
): Promise<RaceEnd> {
  const losing = createLosingGpu(navigator.gpu)
  const { port1, port2 } = new MessageChannel()
  const pool = new BackendPool(new WebgpuSource(losing.gpu))
  const server = new ComputeServer({ channel: channelOfBrowserPort(port1), pool, clock })
  const client = createComputeClient(channelOfBrowserPort(port2))
  server.start()
  const stop = new AbortController()
  const nonces: bigint[] = []
  const continuedOn: string[] = []
  const events = {
    get losses() {
      return continuedOn.length
    },
    stop: () => stop.abort(),
  }
  const listener = listen(losing, events)
  try {
    const last = await client.race(
      { shape: 'dev', epochSeed, host, raceId: 'r', target, startNonce: START, dutyPpm: 1_000_000, backend: 'webgpu' },
      {
        onFinds(body) {
          nonces.push(...body.nonces)
          listener.onFinds?.(body)
        },
        onDeviceLost(body) {
          continuedOn.push(body.continuesOn)
          listener.onDeviceLost?.(body)
        },
        onProgress: (body) => listener.onProgress?.(body),
      },
      stop.signal,
    )
    return { losing, epochSeed, last, nonces, continuedOn }
  } finally {
    await client.dispose()
    port1.close()
  }
}

/** Each nonce from the start on was tried once, and exactly the oracle's finds among them were reported, in order. */
function expectNothingLost({ epochSeed, last, nonces }: RaceEnd): void {
  // As the reference says (test/conformance/race-mass.slow.test.ts), in a twentieth of the time.
  const oracle = createWasmOracle(RACE_SHAPES.dev, epochSeed)
  const finds: bigint[] = []
  for (let tried = 0; tried < last.attempts; tried++) {
    const nonce = START + BigInt(tried)
    if (isFind(oracle.attempt(host, nonce), target)) {
      finds.push(nonce)
    }
  }
  expect(nonces, `epoch seed ${toHex(epochSeed)}`).toEqual(finds)
  expect(last).toMatchObject({ finds: finds.length, faultyFinds: 0 })
}

describe('a race whose device is lost at random points', () => {
  test('is raced on to its end on WebGPU: no find is lost, none comes twice, and each loss is told', async () => {
    const epochSeed = crypto.getRandomValues(new Uint8Array(32))
    const draw = createDraw(new DataView(epochSeed.buffer).getUint32(0))
    let armed = -1
    const end = await race(
      (losing, events) => ({
        onFinds() {
          if (events.losses >= LOSSES) {
            events.stop()
          } else if (armed < events.losses) {
            // After finds of this device: a device that never did anything is the other test.
            armed = events.losses
            losing.loseAt({ calls: 1 + draw(60), place: PLACES[draw(PLACES.length)] as LossPlace })
          }
        },
      }),
      epochSeed,
    )
    expect(end.continuedOn).toEqual(new Array(LOSSES).fill('webgpu'))
    expect(end.losing.losses()).toBe(LOSSES)
    expect(end.last.backend).toBe('webgpu')
    expectNothingLost(end)
  })

  test('also while its successor is being opened and checked: the race goes on, and nothing is lost', async () => {
    for (let round = 0; round < 4; round++) {
      const epochSeed = crypto.getRandomValues(new Uint8Array(32))
      const draw = createDraw(new DataView(epochSeed.buffer).getUint32(0))
      let first = true
      let attemptsAtLoss = -1
      let attempts = 0
      const end = await race(
        (losing, events) => ({
          onFinds() {
            if (first) {
              first = false
              // The next device is lost at one of its first calls: compiling, expanding weights, known answers.
              losing.loseAt(
                { calls: 1 + draw(20), place: 'after the call' },
                { calls: 1 + draw(40), place: PLACES[draw(PLACES.length)] as LossPlace },
              )
            }
          },
          onDeviceLost() {
            attemptsAtLoss = attempts
          },
          onProgress(progress) {
            attempts = progress.attempts
            if (attemptsAtLoss >= 0 && attempts > attemptsAtLoss + 100) {
              events.stop()
            }
          },
        }),
        epochSeed,
      )
      expect(end.losing.losses()).toBe(2)
      expect(end.continuedOn.length).toBeGreaterThan(0)
      expectNothingLost(end)
    }
  })
})
