import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DrmFiles } from './linux-sensors.ts'
import { graphicsOf, parseMeminfo, temperatureOf } from './linux-sensors.ts'
import { parseNvidia } from './nvidia-smi.ts'
import { createProcessorLoad } from './processor-load.ts'

const MEMINFO = `MemTotal:       32780480 kB
MemFree:         1203376 kB
MemAvailable:   21474836 kB
Buffers:          512000 kB
SwapTotal:       8388604 kB
`

const RADEON: DrmFiles = {
  vendor: '0x1002\n',
  device: '0x744c\n',
  productName: '',
  uevent: 'DRIVER=amdgpu\nPCI_CLASS=30000\nPCI_ID=1002:744C\n',
  memoryTotal: '25753026560\n',
  memoryUsed: '1274306560\n',
  busyPercent: '37\n',
  power: '84000000\n',
}

describe('what Linux tells', () => {
  it('of memory', () => {
    expect(parseMeminfo(MEMINFO)).toEqual({ totalBytes: 32_780_480 * 1_024, availableBytes: 21_474_836 * 1_024 })
    expect(parseMeminfo('MemTotal: 5 kB\n')).toBeUndefined()
    expect(parseMeminfo('MemTotal:       10 kB\nMemAvailable:   11 kB\n')).toBeUndefined()
  })

  it('of temperatures', () => {
    expect(temperatureOf('k10temp\n', 'Tctl\n', '54375\n')).toEqual({
      name: 'Processor, Tctl',
      celsius: 54.375,
      isGpu: false,
    })
    expect(temperatureOf('amdgpu', 'junction', '71000')).toMatchObject({ name: 'Graphics card, junction', isGpu: true })
    expect(temperatureOf('acpitz', '', '27800')).toMatchObject({ name: 'Board', celsius: 27.8 })
    expect(temperatureOf('nvme', '', '-5000')).toMatchObject({ celsius: -5 })
    for (const silent of ['', '0', '-274000', '999000', 'N/A', '54.3', '1e3']) {
      expect(temperatureOf('k10temp', '', silent)).toBeUndefined()
    }
  })

  it('of graphics cards', () => {
    expect(graphicsOf(RADEON)).toEqual({
      name: 'AMD 0x744c',
      driver: 'amdgpu',
      memoryBytes: 25_753_026_560,
      memoryUsedBytes: 1_274_306_560,
      powerMilliwatts: 84_000,
      loadPpm: 370_000,
    })
    const silent = { ...RADEON, uevent: '', memoryTotal: '', memoryUsed: 'x', busyPercent: '130', power: '-5' }
    expect(graphicsOf(silent)).toEqual({
      name: 'AMD 0x744c',
      driver: '',
      memoryBytes: null,
      memoryUsedBytes: null,
      powerMilliwatts: null,
      loadPpm: null,
    })
    expect(graphicsOf({ ...RADEON, productName: 'Radeon Pro W7900\n' })?.name).toBe('Radeon Pro W7900')
    expect(graphicsOf({ ...RADEON, vendor: '' })).toBeUndefined()
  })

  it('never throws, nor tells what a message cannot carry', () => {
    const text = fc.oneof(fc.string(), fc.bigInt().map(String), fc.constantFrom('0x1002', '9'.repeat(16), '-1'))
    fc.assert(
      fc.property(text, text, text, text, text, text, (...texts) => {
        const [vendor, uevent, memoryTotal, memoryUsed, busyPercent, power] = texts
        const files = { ...RADEON, vendor, uevent, memoryTotal, memoryUsed, busyPercent, power }
        const reading = graphicsOf(files)
        for (const value of [reading?.memoryBytes, reading?.memoryUsedBytes, reading?.powerMilliwatts]) {
          expect(value === undefined || value === null || (Number.isSafeInteger(value) && value >= 0)).toBe(true)
        }
        const celsius = temperatureOf(vendor, uevent, power)?.celsius ?? 20
        expect(celsius >= -50 && celsius <= 200).toBe(true)
        parseMeminfo(texts.join('\n'))
      }),
    )
  })
})

describe('what NVIDIA’s tool tells', () => {
  it('of each card', () => {
    const text = `NVIDIA GeForce RTX 4070, 560.35.03, 12282, 1536, 92.11, 64, 61
NVIDIA GeForce GT 710, 470.256.02, 2048, 120, [N/A], [Not Supported], 38
`
    expect(parseNvidia(text)).toEqual({
      graphics: [
        {
          name: 'NVIDIA GeForce RTX 4070',
          driver: '560.35.03',
          memoryBytes: 12_282 * 1_048_576,
          memoryUsedBytes: 1_536 * 1_048_576,
          powerMilliwatts: 92_110,
          loadPpm: 640_000,
        },
        {
          name: 'NVIDIA GeForce GT 710',
          driver: '470.256.02',
          memoryBytes: 2_048 * 1_048_576,
          memoryUsedBytes: 120 * 1_048_576,
          powerMilliwatts: null,
          loadPpm: null,
        },
      ],
      temperatures: [
        { name: 'NVIDIA GeForce RTX 4070', celsius: 61, isGpu: true },
        { name: 'NVIDIA GeForce GT 710', celsius: 38, isGpu: true },
      ],
    })
  })

  it('and whatever else it prints is nothing', () => {
    for (const text of [
      '',
      '\n\n',
      'NVIDIA-SMI has failed because it could not communicate with the driver.',
      ',,,,,,',
    ]) {
      expect(parseNvidia(text)).toEqual({ graphics: [], temperatures: [] })
    }
    fc.assert(fc.property(fc.string(), (text) => parseNvidia(text).graphics.length <= 16))
  })
})

describe('the load of the processor', () => {
  it('is what its cores did between two samples', () => {
    const cores = (idle: number, user: number) => [{ times: { user, nice: 0, sys: 0, idle, irq: 0 } }]
    const samples = [cores(100, 0), cores(175, 25), cores(175, 25), cores(10, 0)]
    const load = createProcessorLoad(() => samples.shift() ?? [])
    expect([load.sample(), load.sample(), load.sample(), load.sample()]).toEqual([null, 250_000, null, null])
  })
})
