import type { ServiceWire, WorkSnapshot } from '../../../src/ipc/work-snapshot.ts'

/** A host that serves nothing at the moment and has receipts under way. */
export function sampleWork(): WorkSnapshot {
  return {
    services: [],
    queue: 0,
    jobs: [],
    batches: [],
    checks: [],
    finishing: null,
    forfeits: { unbatched: '1500000', openBatches: '250000' },
    idleReason: null,
  }
}

export function sampleService(): ServiceWire {
  return {
    model: 'whale-0.9m',
    state: 'drawable',
    numericClass: 'wasm',
    backend: 'wasm',
    adapter: '',
    tokensPerSecond: 180,
    reason: '',
    reputationPpm: 500_000,
    checkPpm: 100_000,
    receipts: 3,
    checksPassed: 1,
    checksFailed: 0,
    withheld: 0,
    price: '1000000000',
  }
}
