import { expect, test } from 'vitest'
import { idleSnapshot } from '../../../test/support/screen/sample-snapshot.ts'
import type { HostView } from '../../host/view.ts'
import { screenSnapshotSchema } from '../../ipc/snapshot.ts'
import { HostRecord, LedgerEntry, QueryLedgerResponse } from '../../protocol/gen/tailrace/v1/query.ts'
import { LOCAL_PARAMS } from '../../protocol/params.ts'
import type { SnapshotFacts } from '../core/desks.ts'
import type { SnapshotSources } from './screen-snapshot.ts'
import { buildSnapshot } from './screen-snapshot.ts'

const LONG = 'x'.repeat(5_000)
const ADDRESS = 'tail1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq8sh3p'

const VIEW: HostView = {
  ownerAddress: ADDRESS,
  deviceAddress: ADDRESS,
  peerId: '12D3KooW',
  phase: 'idle',
  joined: false,
  connection: 'connecting',
  epoch: undefined,
  device: undefined,
  backend: undefined,
  race: undefined,
  duties: { drawn: 0, answered: 0, missed: 0 },
  record: undefined,
  balance: 0n,
  peers: 0,
  ownerNeededFor: undefined,
  notices: [],
  times: {},
}

function sources(view: HostView, more: Partial<SnapshotSources> = {}): SnapshotSources {
  return {
    version: '0',
    nowMs: 1,
    chainId: 'tailrace-local-1',
    view,
    params: LOCAL_PARAMS,
    hosts: [],
    online: new Set(),
    models: [],
    ledger: undefined,
    lease: { state: 'free' },
    endpoints: { rpc: 'http://127.0.0.1:1', screen: 'http://127.0.0.1:2' },
    dataFolder: '/data',
    logFolder: '/data/logs',
    ...idleFacts(),
    work: null,
    gateway: null,
    workNotices: [],
    ...more,
  }
}

function idleFacts(): SnapshotFacts {
  const { settings, wallet, troubles, shell, update } = idleSnapshot()
  return { settings, wallet, troubles, shell, update }
}

test('a host that has seen nothing yet can be shown', () => {
  expect(screenSnapshotSchema.safeParse(buildSnapshot(sources(VIEW))).error).toBeUndefined()
})

test('whatever the chain and the device say, the snapshot stays within the bounds of the contract', () => {
  const record = HostRecord.fromPartial({
    owner: ADDRESS,
    moniker: LONG,
    shape: 'dev',
    weight: '9'.repeat(90),
    weightPpm: 1_000_000n,
    held: '1',
    bond: '2',
    credited: '3',
    finds: 500_000n,
    raceVerdict: 'verified',
  })
  const entry = LedgerEntry.fromPartial({ sequence: 1n, kind: 'hold', amount: '5', reason: 'emission_share' })
  const backend = { kind: 'webgpu', adapter: LONG, isSoftware: true, conformant: false, firstDifference: LONG } as const
  const snapshot = buildSnapshot(
    sources(
      {
        ...VIEW,
        record,
        device: { backends: [{ ...backend, conformanceDigest: new Uint8Array(32), attemptsPerSecond: 0.5 }] },
        backend: { kind: 'cpu', reason: `not_conformant:${LONG}` },
        notices: Array.from({ length: 100 }, (_, sequence) => ({
          sequence,
          atMs: 1,
          level: 'error' as const,
          code: 'internal_fault',
          fields: { error: LONG },
        })),
      },
      {
        hosts: Array.from({ length: 500 }, () => record),
        ledger: QueryLedgerResponse.fromPartial({
          entries: Array.from({ length: 200 }, () => entry),
          lastSequence: 200n,
        }),
        dataFolder: LONG,
        logFolder: LONG,
      },
    ),
  )
  expect(screenSnapshotSchema.safeParse(snapshot).error).toBeUndefined()
  expect(snapshot.hosts).toHaveLength(200)
  expect(snapshot.hostsTotal).toBe(500)
  expect(snapshot.notices[0]?.sequence).toBe(99)
})
