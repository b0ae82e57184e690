import type { NetworkHost, ScreenSnapshot } from '../../../src/ipc/snapshot.ts'
import { DEFAULT_SETTINGS } from '../../../src/ipc/wires/settings-wire.ts'
import { WALLET_PATH } from '../../../src/ipc/wires/wallet-wire.ts'

export const SAMPLE_NOW_MS = 1_763_780_000_000

export const SELF = 'tail1q9v2hxm4k8r7d0s3c6yz5twl8e4npaj2ufg7h'
export const COMPANION_ONE = 'tail1w7m3n5p0a2s4d6f8g1h3j5k7l9z2x4c6vdr5k'
export const COMPANION_TWO = 'tail1z4x6c8v0b2n4m6q8w1e3r5t7y9u2i4o6pql8d'

function companion(moniker: string, address: string, finds: number): NetworkHost {
  return {
    address,
    moniker,
    active: true,
    weightPpm: 500_000,
    reputationPpm: 166_666,
    finds,
    raceVerdict: 'verified',
    faults: 0,
    online: true,
    isSelf: false,
  }
}

const NO_TIMES: ScreenSnapshot['times'] = {
  joinRequestedAtMs: null,
  firstFindAtMs: null,
  firstEarningAtMs: null,
  clickToFirstFindMs: null,
  clickToFirstEarningMs: null,
}

const RULES: ScreenSnapshot['rules'] = {
  network: 'local',
  holdEpochs: 1,
  minFinds: 20,
  sampleSize: 100,
  verifiersPerHost: 2,
  emissionPerEpoch: '100000000',
  bondPpm: 200_000,
  weightCapPpm: 250_000,
  priceBlocks: 20,
}

const EPOCH: ScreenSnapshot['epoch'] = {
  epoch: 3,
  stage: 'serve',
  height: 147,
  blockTimeMs: 1_000,
  startHeight: 120,
  raceEndHeight: 130,
  settleHeight: 144,
  closeHeight: 159,
  lastBlockAtMs: SAMPLE_NOW_MS - 400,
  blocksToNextRace: 14,
}

/** A host that has not joined, on a local network with two companions. */
export function idleSnapshot(): ScreenSnapshot {
  return {
    version: '0.1.0',
    nowMs: SAMPLE_NOW_MS,
    chain: { chainId: 'tailrace-local-1', height: 137, connection: 'connected' },
    rules: RULES,
    epoch: EPOCH,
    phase: 'idle',
    joined: false,
    ownerAddress: SELF,
    deviceAddress: COMPANION_ONE,
    peerId: '12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo',
    peers: 2,
    device: null,
    backend: null,
    earningNotice: null,
    race: null,
    duties: { drawn: 0, answered: 0, missed: 0 },
    standing: null,
    balance: '0',
    hosts: [companion('companion-1', COMPANION_ONE, 212), companion('companion-2', COMPANION_TWO, 208)],
    hostsTotal: 2,
    models: [{ model: 'whale-0.9m', price: '417000000', hosts: 3, contextTokens: 256 }],
    ledger: [],
    ledgerTotals: null,
    notices: [],
    lease: { state: 'free' },
    endpoints: { rpc: 'http://127.0.0.1:26657', screen: 'http://127.0.0.1:4750' },
    dataFolder: '~/.tailrace',
    logFolder: '~/.tailrace/logs',
    settings: sampleSettings(),
    wallet: {
      state: 'open',
      protection: 'none',
      isStarter: true,
      isBackedUp: false,
      wordCount: 12,
      address: SELF,
      path: WALLET_PATH,
      payoutAddress: '',
      device: { address: COMPANION_ONE, expiryHeight: 500_000 },
    },
    troubles: [],
    shell: 'service',
    update: null,
    times: NO_TIMES,
    work: null,
    gateway: null,
  }
}

function sampleSettings(): ScreenSnapshot['settings'] {
  const sources = Object.fromEntries(Object.keys(DEFAULT_SETTINGS).map((name) => [name, 'default']))
  return {
    values: { ...DEFAULT_SETTINGS, tourDone: true },
    sources: sources as ScreenSnapshot['settings']['sources'],
    atNextStart: [],
    unavailable: ['autostart', 'closeToTray'],
    file: '~/.config/tailrace/settings.json',
  }
}
