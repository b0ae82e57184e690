import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempTree } from '../../../test/support/temp-tree.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { machineReadingsSchema } from '../../ipc/wires/machine-wire.ts'
import { createMachineReader } from './readings.ts'

const never = new AbortController().signal

const AMD = {
  'proc/meminfo': 'MemTotal:       1000 kB\nMemAvailable:   400 kB\n',
  'sys/class/drm/card1/device/vendor': '0x1002\n',
  'sys/class/drm/card1/device/device': '0x744c\n',
  'sys/class/drm/card1/device/uevent': 'DRIVER=amdgpu\n',
  'sys/class/drm/card1/device/mem_info_vram_total': '8589934592\n',
  'sys/class/drm/card1/device/hwmon/hwmon4/power1_average': '42000000\n',
  'sys/class/drm/card1-HDMI-A-1/status': 'connected\n',
  'sys/class/hwmon/hwmon0/name': 'k10temp\n',
  'sys/class/hwmon/hwmon0/temp1_input': '51500\n',
  'sys/class/hwmon/hwmon0/temp1_label': 'Tctl\n',
  'sys/class/hwmon/hwmon1/name': 'amdgpu\n',
  'sys/class/hwmon/hwmon1/temp2_input': '66000\n',
  'sys/class/thermal/thermal_zone0/type': 'acpitz\n',
  'sys/class/thermal/thermal_zone0/temp': '30000\n',
  'data/wallet.json': '12345',
  'data/logs/app.log': '1234567890',
}

test('are read of the files of the system', async () => {
  const root = tempTree(AMD)
  const dataFolder = join(root, 'data')
  const options = { dataFolder, platform: 'linux', root, nvidiaCommand: join(root, 'no-such-tool') } as const
  const readings = await createMachineReader(new VirtualClock(), options).read(never)
  expect(machineReadingsSchema.parse(readings)).toEqual(readings)
  expect(readings.memory).toMatchObject({ totalBytes: 1_024_000, availableBytes: 409_600 })
  expect(readings.disk).toMatchObject({ dataBytes: 15 })
  expect(readings.temperatures).toEqual([
    { name: 'Processor, Tctl', celsius: 51.5, isGpu: false },
    { name: 'Graphics card', celsius: 66, isGpu: true },
  ])
  expect(readings.graphics).toEqual([
    {
      name: 'AMD 0x744c',
      driver: 'amdgpu',
      memoryBytes: 8_589_934_592,
      memoryUsedBytes: null,
      powerMilliwatts: 42_000,
      loadPpm: null,
    },
  ])
  expect(readings.processor.cores).toBeGreaterThan(0)
})

test('fall back to the firmware’s thermal zones, and to nothing', async () => {
  const zones = Object.fromEntries(Object.entries(AMD).filter(([name]) => name.includes('thermal')))
  const root = tempTree(zones)
  const options = { platform: 'linux', root, nvidiaCommand: join(root, 'no-such-tool') } as const
  const read = (dataFolder: string) => createMachineReader(new VirtualClock(), { ...options, dataFolder }).read(never)
  expect((await read(root)).temperatures).toEqual([{ name: 'Board', celsius: 30, isGpu: false }])
  const elsewhere = await createMachineReader(new VirtualClock(), {
    ...options,
    platform: 'darwin',
    dataFolder: join(root, 'not there'),
  }).read(never)
  expect(elsewhere).toMatchObject({ temperatures: [], graphics: [], disk: null })
  expect(elsewhere.memory.totalBytes).toBeGreaterThan(0)
})

test.skipIf(process.platform === 'win32')('take NVIDIA’s own word before the kernel’s', async () => {
  const root = tempTree({
    ...AMD,
    'sys/class/drm/card0/device/vendor': '0x10de\n',
    'sys/class/drm/card0/device/device': '0x2786\n',
    'bin/nvidia-smi': '#!/bin/sh\necho "NVIDIA GeForce RTX 4070, 560.35.03, 12282, 1536, 92.11, 64, 61"\n',
    'bin/failing': '#!/bin/sh\necho "no devices were found"\nexit 6\n',
  })
  const options = { dataFolder: join(root, 'data'), platform: 'linux', root } as const
  const names = async (tool: string) => {
    const nvidiaCommand = join(root, 'bin', tool)
    chmodSync(nvidiaCommand, 0o755)
    const { graphics } = await createMachineReader(new VirtualClock(), { ...options, nvidiaCommand }).read(never)
    return graphics.map(({ name, driver }) => `${name} ${driver}`.trim())
  }
  expect(await names('nvidia-smi')).toEqual(['NVIDIA GeForce RTX 4070 560.35.03', 'AMD 0x744c amdgpu'])
  expect(await names('failing')).toEqual(['NVIDIA 0x2786', 'AMD 0x744c amdgpu'])
})

test('are asked for at most every two seconds', async () => {
  const root = tempTree(AMD)
  const clock = new VirtualClock()
  const options = { dataFolder: root, platform: 'linux', root, nvidiaCommand: join(root, 'no-such-tool') } as const
  const reader = createMachineReader(clock, options)
  const [first, same] = await Promise.all([reader.read(never), reader.read(never)])
  writeFileSync(join(root, 'proc/meminfo'), 'MemTotal:       2000 kB\nMemAvailable:   400 kB\n')
  expect(same).toBe(first)
  expect(await reader.read(never)).toBe(first)
  await clock.advance(2_000)
  expect((await reader.read(never)).memory.totalBytes).toBe(2_048_000)
})
