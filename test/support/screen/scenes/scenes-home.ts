/** What stands above and on the first page beside the race: troubles, the tour, and what needs the person. */
import type { ScreenSnapshot } from '../../../../src/ipc/snapshot.ts'
import type { Trouble, TroubleCode } from '../../../../src/ipc/wires/trouble-wire.ts'
import { TROUBLE_CODES } from '../../../../src/ipc/wires/trouble-wire.ts'
import { idleSnapshot, SAMPLE_NOW_MS } from '../sample-snapshot.ts'
import type { Scene } from '../scene.ts'
import { CREDITED, JOINED } from './race-scenes.ts'

const FIELDS: Readonly<Record<TroubleCode, Trouble['fields']>> = {
  chain_unreachable: { sinceMs: SAMPLE_NOW_MS - 42_000, url: 'http://127.0.0.1:26657' },
  chain_catching_up: { behindBlocks: 18_204 },
  chain_halted: { seconds: 340 },
  gateway_gone: { restarts: 3 },
  member_failing: { name: 'companion-2', restarts: 5 },
  no_peers: {},
  device_lost: { backend: 'webgpu' },
  page_closed: { backend: 'cpu' },
  out_of_memory: { model: 'whale-0.9m' },
  model_damaged: { model: 'whale-0.9m', file: 'decoder.onnx' },
  disk_full: { freeBytes: 18_000_000, folder: '~/.tailrace' },
  disk_low: { freeBytes: 1_900_000_000, folder: '~/.tailrace' },
  clock_off: { seconds: 3_605 },
  resumed: { seconds: 28_000 },
  wallet_locked: { action: 'renew_device_key' },
  device_key_expiring: { blocks: 1_400 },
}

const ERRORS: ReadonlySet<TroubleCode> = new Set(['disk_full', 'device_lost', 'chain_halted', 'clock_off'])

export function trouble(code: TroubleCode): Trouble {
  return {
    code,
    level: ERRORS.has(code) ? 'error' : 'warning',
    sinceMs: SAMPLE_NOW_MS - 42_000,
    fields: FIELDS[code],
  }
}

const TOUR: ScreenSnapshot = {
  ...idleSnapshot(),
  settings: { ...idleSnapshot().settings, values: { ...idleSnapshot().settings.values, tourDone: false } },
}

const OWN_WALLET: ScreenSnapshot['wallet'] = {
  ...CREDITED.wallet,
  isStarter: false,
  protection: 'passphrase',
  state: 'locked',
}

/** Three of them in one picture, and each alone. */
const TROUBLE_SCENES: readonly Scene[] = [
  {
    name: '45-troubles-many',
    snapshot: { ...CREDITED, troubles: [trouble('chain_catching_up'), trouble('clock_off'), trouble('disk_low')] },
  },
  ...TROUBLE_CODES.map((code, index) => ({
    name: `46-${String(index + 1).padStart(2, '0')}-trouble-${code.replaceAll('_', '-')}`,
    snapshot: { ...CREDITED, troubles: [trouble(code)] },
  })),
]

export const HOME_SCENES: readonly Scene[] = [
  { name: '41-tour-wallet', snapshot: TOUR },
  {
    name: '42-tour-device',
    snapshot: { ...TOUR, device: JOINED.device, backend: JOINED.backend },
    act: { kind: 'do', run: (page) => page.getByTestId('tour-next').click() },
  },
  {
    name: '43-tour-earn',
    snapshot: TOUR,
    act: { kind: 'do', run: (page) => page.getByRole('button', { name: 'How you earn' }).click() },
  },
  {
    name: '44-attention',
    snapshot: {
      ...CREDITED,
      wallet: { ...OWN_WALLET, state: 'open' },
      update: { version: '0.2.0', state: 'downloaded' },
      duties: { drawn: 5, answered: 3, missed: 2 },
      settings: { ...CREDITED.settings, atNextStart: ['screenPort'] },
    },
  },
  ...TROUBLE_SCENES,
  { name: '47-wallet-locked', snapshot: { ...CREDITED, wallet: { ...OWN_WALLET, isBackedUp: true } } },
]
