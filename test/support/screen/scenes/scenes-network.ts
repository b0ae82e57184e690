/** The page “network” in its states. */
import type { NetworkHost, ScreenSnapshot } from '../../../../src/ipc/snapshot.ts'
import { idleSnapshot, SELF } from '../sample-snapshot.ts'
import type { Scene } from '../scene.ts'
import { CREDITED } from './race-scenes.ts'

const VERDICTS = ['verified', 'verified', 'verified', 'pending', 'too_few_finds', 'unverified', 'none', 'convicted']
const NAMES = ['harbour', 'attic rig', 'lighthouse', 'mill-7', 'ödland', 'basement', 'north shed', '']

/** So many hosts, the heaviest first; this one among them. */
export function manyHosts(count: number): readonly NetworkHost[] {
  const raw = Array.from({ length: count }, (_, index) => 1 / (index + 3))
  const sum = raw.reduce((total, value) => total + value, 0)
  return raw.map((value, index) => {
    const isSelf = index === 4
    const verdict = isSelf ? 'verified' : (VERDICTS[(index * 5) % VERDICTS.length] ?? 'none')
    const name = NAMES[index % NAMES.length] ?? ''
    return {
      address: isSelf ? SELF : `tail1${index.toString(36).padStart(4, 'q')}${'x7k2m9'.repeat(5)}${index % 10}`,
      moniker: isSelf ? 'this computer' : name === '' || index < NAMES.length ? name : `${name} ${index}`,
      active: index % 17 !== 16,
      weightPpm: verdict === 'convicted' ? 0 : Math.floor((1_000_000 * value) / sum),
      reputationPpm: Math.min(1_000_000, 40_000 * (1 + ((index * 7) % 24))),
      finds: 400 - ((index * 37) % 390),
      raceVerdict: verdict,
      faults: verdict === 'convicted' ? 1 : 0,
      online: index % 5 !== 3,
      isSelf,
    }
  })
}

const PUBLIC: ScreenSnapshot = {
  ...CREDITED,
  rules: CREDITED.rules && {
    ...CREDITED.rules,
    network: 'public',
    emissionPerEpoch: '323000000000',
    holdEpochs: 12,
    priceBlocks: 60,
  },
  hosts: [...manyHosts(200)],
  hostsTotal: 1_284,
  models: [
    { model: 'whale-0.9m', price: '417000000', hosts: 3, contextTokens: 256 },
    { model: 'smollm2-135m-instruct', price: '8120000', hosts: 61, contextTokens: 8_192 },
  ],
}

export const NETWORK_SCENES: readonly Scene[] = [
  { name: '65-network', page: 'network', snapshot: CREDITED },
  { name: '66-network-public', page: 'network', snapshot: PUBLIC },
  {
    name: '67-network-starting',
    page: 'network',
    snapshot: { ...idleSnapshot(), epoch: null, rules: null, hosts: [], hostsTotal: 0, models: [] },
  },
]
