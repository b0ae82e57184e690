/** The page “device” in its states. */

import type { AdapterDetailsWire, ScreenSnapshot } from '../../../../src/ipc/snapshot.ts'
import type { MachineReadings } from '../../../../src/ipc/wires/machine-wire.ts'
import { sampleReadings } from '../sample-readings.ts'
import { idleSnapshot } from '../sample-snapshot.ts'
import type { Scene } from '../scene.ts'
import { CREDITED } from './race-scenes.ts'
import { WORK } from './work-scenes.ts'

export const ADAPTER: AdapterDetailsWire = {
  vendor: 'nvidia',
  architecture: 'lovelace',
  device: '',
  description: '',
  features: ['bgra8unorm-storage', 'depth-clip-control', 'shader-f16', 'subgroups', 'timestamp-query'],
  languageFeatures: ['packed_4x8_integer_dot_product', 'pointer_composite_access', 'subgroup_id'],
  limits: [
    { name: 'maxBufferSize', value: 4_294_967_296 },
    { name: 'maxStorageBufferBindingSize', value: 2_147_483_644 },
    { name: 'maxComputeWorkgroupStorageSize', value: 49_152 },
    { name: 'maxComputeInvocationsPerWorkgroup', value: 1_024 },
    { name: 'maxComputeWorkgroupsPerDimension', value: 65_535 },
  ],
}

/** The backends of this snapshot, the GPU's with its report. */
export function withAdapter(snapshot: ScreenSnapshot): ScreenSnapshot {
  const backends = snapshot.device?.backends ?? []
  return {
    ...snapshot,
    device: { backends: backends.map((each) => (each.kind === 'webgpu' ? { ...each, details: ADAPTER } : each)) },
  }
}

const EARNING = withAdapter({ ...CREDITED, work: WORK })

const SILENT: MachineReadings = {
  ...sampleReadings(),
  system: 'Darwin 24.1 arm64',
  processor: { name: 'Apple M3', cores: 8, loadPpm: null },
  disk: null,
  temperatures: [],
  graphics: [],
}

/** A software adapter that is wrong, and nothing but the processor left. */
const INEXACT: ScreenSnapshot = {
  ...EARNING,
  device: {
    backends: (EARNING.device?.backends ?? []).map((each) =>
      each.kind === 'webgpu'
        ? {
            ...each,
            conformant: false,
            isSoftware: true,
            firstDifference: 'dev known answer 3: stage layer2.feed-hidden, byte 40: 201 instead of 200',
            attemptsPerSecond: 0,
          }
        : each,
    ),
  },
  backend: {
    kind: 'cpu',
    reason: 'not_conformant:dev known answer 3: stage layer2.feed-hidden, byte 40: 201 instead of 200',
  },
  earningNotice: {
    code: 'racing_on_cpu',
    fields: {
      reason: 'not_conformant:dev known answer 3: stage layer2.feed-hidden, byte 40: 201 instead of 200',
      attemptsPerSecond: 318,
    },
  },
}

export const DEVICE_SCENES: readonly Scene[] = [
  { name: '70-device', page: 'device', snapshot: EARNING },
  {
    name: '71-device-inexact',
    page: 'device',
    snapshot: INEXACT,
    prepare(backend) {
      backend.readings = SILENT
    },
    act: {
      kind: 'do',
      async run(page) {
        await page.getByTestId('doctor').click()
        await page.getByTestId('doctor-verdict').waitFor()
      },
    },
  },
  { name: '72-device-unchecked', page: 'device', snapshot: idleSnapshot() },
]
