import type { MachineReadings } from '../../../src/ipc/wires/machine-wire.ts'

/** A machine as a system that tells everything would describe it. */
export function sampleReadings(): MachineReadings {
  return {
    atMs: 1_700_000_000_000,
    system: 'Linux 6.8 x64',
    processor: { name: 'AMD Ryzen 7 7700', cores: 16, loadPpm: 210_000 },
    memory: { totalBytes: 34_359_738_368, availableBytes: 21_474_836_480, processBytes: 412_000_000 },
    disk: { totalBytes: 1_000_000_000_000, freeBytes: 420_000_000_000, dataBytes: 310_000_000 },
    temperatures: [
      { name: 'GPU', celsius: 61.5, isGpu: true },
      { name: 'CPU package', celsius: 54, isGpu: false },
    ],
    graphics: [
      {
        name: 'NVIDIA GeForce RTX 4070',
        driver: '560.35',
        memoryBytes: 12_884_901_888,
        memoryUsedBytes: 1_610_612_736,
        powerMilliwatts: 92_000,
        loadPpm: 640_000,
      },
    ],
  }
}
