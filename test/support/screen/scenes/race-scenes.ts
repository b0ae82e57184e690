/** The screen in each phase of a host's life, as snapshots. */
import type { LedgerEntryWire, NoticeWire, ScreenSnapshot } from '../../../../src/ipc/snapshot.ts'
import { idleSnapshot, SAMPLE_NOW_MS, SELF } from '../sample-snapshot.ts'
import type { Scene } from '../scene.ts'

type Epoch = NonNullable<ScreenSnapshot['epoch']>
type Standing = NonNullable<ScreenSnapshot['standing']>

const DIGEST = '5f'.repeat(32)
export const TX = 'A1'.repeat(32)

const GPU_DEVICE: NonNullable<ScreenSnapshot['device']> = {
  backends: [
    {
      kind: 'webgpu',
      adapter: 'NVIDIA GeForce RTX 4070 · ada lovelace',
      isSoftware: false,
      conformant: true,
      conformanceDigest: DIGEST,
      attemptsPerSecond: 48_211,
    },
    {
      kind: 'cpu',
      adapter: 'WebAssembly',
      isSoftware: true,
      conformant: true,
      conformanceDigest: DIGEST,
      attemptsPerSecond: 318.4,
    },
  ],
}

const CPU_DEVICE: NonNullable<ScreenSnapshot['device']> = {
  backends: [
    {
      kind: 'webgpu',
      adapter: 'SwiftShader · google',
      isSoftware: true,
      conformant: true,
      conformanceDigest: DIGEST,
      attemptsPerSecond: 91.2,
    },
    {
      kind: 'cpu',
      adapter: 'WebAssembly',
      isSoftware: true,
      conformant: true,
      conformanceDigest: DIGEST,
      attemptsPerSecond: 318.4,
    },
  ],
}

export function epochAt(height: number, stage: Epoch['stage']): Epoch {
  const startHeight = Math.floor(height / 40) * 40
  return {
    epoch: startHeight / 40,
    stage,
    height,
    blockTimeMs: 1_000,
    startHeight,
    raceEndHeight: startHeight + 10,
    settleHeight: startHeight + 24,
    closeHeight: startHeight + 39,
    lastBlockAtMs: SAMPLE_NOW_MS - 300,
    blocksToNextRace: stage === 'race' ? 0 : startHeight + 40 - height,
  }
}

const STANDING: Standing = {
  active: true,
  shape: 'dev',
  moniker: 'this computer',
  registeredHeight: 149,
  weight: '0',
  weightPpm: 0,
  reputationPpm: 0,
  held: '0',
  bond: '0',
  credited: '0',
  faults: 0,
  lastFaultCode: '',
  lastFaultTx: '',
  lastFaultHeight: 0,
  raceEpoch: 4,
  finds: 0,
  findsVerified: 0,
  raceVerdict: 'none',
}

export function notice(
  sequence: number,
  code: string,
  level: NoticeWire['level'],
  fields: NoticeWire['fields'],
): NoticeWire {
  return { sequence, atMs: SAMPLE_NOW_MS - 40_000 + sequence * 2_000, level, code, fields }
}

const JOINED_NOTICES = [notice(2, 'registered', 'info', { height: 149, tx: TX }), notice(1, 'joined', 'info', {})]

function withSelf(weightPpm: number, finds: number, raceVerdict: string): ScreenSnapshot['hosts'] {
  const others = idleSnapshot().hosts.map((host) => ({ ...host, weightPpm: Math.round((1_000_000 - weightPpm) / 2) }))
  return [
    ...others,
    {
      address: SELF,
      moniker: 'this computer',
      active: true,
      weightPpm,
      reputationPpm: weightPpm === 0 ? 0 : 90_909,
      finds,
      raceVerdict,
      faults: raceVerdict === 'convicted' ? 1 : 0,
      online: true,
      isSelf: true,
    },
  ]
}

export const JOINED: ScreenSnapshot = {
  ...idleSnapshot(),
  joined: true,
  phase: 'waiting_for_race',
  epoch: epochAt(151, 'serve'),
  chain: { chainId: 'tailrace-local-1', height: 151, connection: 'connected' },
  device: GPU_DEVICE,
  backend: { kind: 'webgpu', reason: 'webgpu' },
  standing: STANDING,
  hosts: withSelf(0, 0, 'none'),
  hostsTotal: 3,
  notices: JOINED_NOTICES,
  times: { ...idleSnapshot().times, joinRequestedAtMs: SAMPLE_NOW_MS - 38_000 },
}

const RACE = { epoch: 4, attempts: 214_880, finds: 41, attemptsPerSecond: 47_310, backend: 'webgpu' as const }

export function entry(
  sequence: number,
  epoch: number,
  kind: LedgerEntryWire['kind'],
  amount: string,
  reason: string,
): LedgerEntryWire {
  const height = kind === 'weight' ? epoch * 40 + 24 : epoch * 40 + 39
  return { sequence: String(sequence), height, epoch, kind, amount, reason, txHash: '' }
}

const LEDGER = [
  entry(7, 5, 'hold', '61834902', 'emission_share'),
  entry(6, 5, 'weight', '53687091200', 'race_verified'),
  entry(5, 4, 'bond', '12400000', 'bond_kept'),
  entry(4, 4, 'credit', '49600000', 'hold_released'),
  entry(3, 4, 'hold', '62000000', 'emission_share'),
  entry(2, 4, 'weight', '51539607552', 'race_verified'),
  entry(1, 3, 'zero', '0', 'not_in_race'),
]

const EARNED: Partial<ScreenSnapshot> = {
  ledger: LEDGER,
  ledgerTotals: {
    lastSequence: '7',
    held: '123834902',
    credited: '49600000',
    bonded: '12400000',
    debitedHeld: '0',
    debitedBond: '0',
  },
  balance: '49600000',
  duties: { drawn: 4, answered: 4, missed: 0 },
  times: {
    joinRequestedAtMs: SAMPLE_NOW_MS - 100_000,
    firstFindAtMs: SAMPLE_NOW_MS - 88_000,
    firstEarningAtMs: SAMPLE_NOW_MS - 20_000,
    clickToFirstFindMs: 12_140,
    clickToFirstEarningMs: 79_310,
  },
}

const RACING: ScreenSnapshot = {
  ...JOINED,
  phase: 'racing',
  epoch: epochAt(164, 'race'),
  chain: { ...JOINED.chain, height: 164 },
  race: { ...RACE, faultyFinds: 0, committed: 32 },
  hosts: withSelf(0, 32, 'pending'),
  notices: [
    notice(5, 'finds_committed', 'info', { epoch: 4, count: 12, total: 32, height: 163, tx: TX }),
    notice(4, 'finds_committed', 'info', { epoch: 4, count: 20, total: 20, height: 162, tx: TX }),
    notice(3, 'race_started', 'info', { epoch: 4, backend: 'webgpu', nonce: '0' }),
    ...JOINED_NOTICES,
  ],
}

const SETTLED_STANDING: Standing = {
  ...STANDING,
  finds: 212,
  findsVerified: 212,
  raceVerdict: 'verified',
  weight: '53687091200',
  weightPpm: 618_349,
  reputationPpm: 166_666,
}

export const CREDITED: ScreenSnapshot = {
  ...RACING,
  ...EARNED,
  phase: 'settled',
  epoch: epochAt(231, 'serve'),
  chain: { ...JOINED.chain, height: 231 },
  race: { ...RACE, finds: 212, faultyFinds: 0, committed: 212 },
  standing: { ...SETTLED_STANDING, held: '61834902', bond: '12400000', credited: '49600000' },
  hosts: withSelf(618_349, 212, 'verified'),
}

export const RACE_SCENES: readonly Scene[] = [
  { name: '01-idle', snapshot: idleSnapshot() },
  { name: '02-checking', snapshot: { ...idleSnapshot(), joined: true, phase: 'checking_device' } },
  {
    name: '03-joining',
    snapshot: {
      ...idleSnapshot(),
      joined: true,
      phase: 'joining',
      device: GPU_DEVICE,
      backend: { kind: 'webgpu', reason: 'webgpu' },
    },
  },
  { name: '04-waiting', snapshot: JOINED },
  { name: '05-racing', snapshot: RACING },
  {
    name: '06-verifying',
    snapshot: {
      ...RACING,
      phase: 'being_verified',
      epoch: epochAt(176, 'verify'),
      race: { ...RACE, finds: 212, faultyFinds: 0, committed: 212 },
      standing: { ...STANDING, finds: 212, raceVerdict: 'pending' },
      hosts: withSelf(0, 212, 'pending'),
      duties: { drawn: 1, answered: 0, missed: 0 },
    },
  },
  {
    name: '07-weight',
    snapshot: {
      ...RACING,
      phase: 'settled',
      epoch: epochAt(187, 'serve'),
      standing: SETTLED_STANDING,
      hosts: withSelf(618_349, 212, 'verified'),
      ledger: LEDGER.slice(-2),
      duties: { drawn: 1, answered: 1, missed: 0 },
    },
  },
  { name: '08-credited', snapshot: CREDITED },
  {
    name: '09-processor',
    snapshot: {
      ...RACING,
      device: CPU_DEVICE,
      backend: { kind: 'cpu', reason: 'software_adapter' },
      earningNotice: { code: 'racing_on_cpu', fields: { reason: 'software_adapter', attemptsPerSecond: 318 } },
      race: {
        ...RACE,
        attempts: 1_422,
        finds: 9,
        attemptsPerSecond: 311.2,
        backend: 'cpu',
        faultyFinds: 0,
        committed: 0,
      },
      notices: [
        notice(3, 'racing_on_cpu', 'warning', { reason: 'software_adapter', adapter: 'SwiftShader' }),
        ...JOINED_NOTICES,
      ],
    },
  },
  {
    name: '10-convicted',
    snapshot: {
      ...CREDITED,
      standing: {
        ...SETTLED_STANDING,
        weight: '0',
        weightPpm: 0,
        reputationPpm: 0,
        raceVerdict: 'convicted',
        findsVerified: 0,
        faults: 1,
        lastFaultCode: 'forged_find',
        lastFaultTx: TX,
        credited: '49600000',
      },
      hosts: withSelf(0, 212, 'convicted'),
      ledger: [
        entry(10, 5, 'zero', '0', 'convicted'),
        entry(9, 5, 'debit', '12400000', 'slashed_bond'),
        entry(8, 5, 'debit', '61834902', 'slashed_held'),
        ...LEDGER.slice(2),
      ],
      notices: [notice(6, 'convicted', 'error', { code: 'forged_find', tx: TX }), ...RACING.notices],
    },
  },
  { name: '11-leaving', snapshot: { ...CREDITED, phase: 'leaving' } },
  {
    name: '12-stopped',
    snapshot: {
      ...idleSnapshot(),
      phase: 'stopped_by_fault',
      notices: [notice(1, 'no_conformant_backend', 'error', { stage: 'norm' })],
    },
  },
  { name: '13-node-down', snapshot: { ...CREDITED, chain: { ...CREDITED.chain, connection: 'disconnected' } } },
]
