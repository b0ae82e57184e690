/**
 * Published figures of graphics devices, for the roofline of bench/candidates/rooflines.ts. Published: memory bandwidth, last-level cache,
 * compute units and clock, dense int8 matrix rate, memory. Derived, because no vendor prints it: the dp4a rate (`dp4aTmacs`), the
 * bandwidth of the last-level cache, and the memory beside the units. Nothing here was measured by this project.
 *
 * dp4a: NVIDIA since Turing 64 instructions of 4 multiply-accumulates a clock and SM. clpeak measured 17.4 TMAC/s on an RTX 4060 and 21.0
 * on an RTX 5060 with CUDA, which is that at 2.8 GHz (github.com/krrishnarraj/clpeak issue 209). AMD since RDNA 2 and Intel Xe: one for each
 * fp32 lane (64 a CU; 8 an EU; the same issue measured 8.6 of 10 TMAC/s on an Arc A380). Apple has none: int8 products are exact in fp32 (sums below
 * 2^24), so one fp32 multiply-add each.
 */
export type Vendor = 'nvidia' | 'amd' | 'intel' | 'apple'
export type DeviceClass = 'integrated' | 'consumer' | 'data centre'

export interface Device {
  readonly name: string
  readonly vendor: Vendor
  readonly class: DeviceClass
  readonly memoryGb: number
  readonly bandwidthGBs: number
  readonly cacheMb: number
  /** SMs, CUs, Xe cores or GPU cores, as the vendor counts. */
  readonly units: number
  readonly clockGhz: number
  /** Dense int8 matrix operations, 10^12 a second (a multiply-accumulate is two); 0 where the device has no matrix unit for int8. */
  readonly matrixTops: number
  /** Decode of Llama 3 8B Q4_K_M, one stream, tokens/s, as measured by others. */
  readonly measuredTokensPerS?: number
  readonly source: string
}

const NVIDIA_PAPER = 'NVIDIA architecture white paper'
const NVIDIA_SHEET = 'NVIDIA data sheet'
const AMD_PAGE = 'AMD product page'
const INTEL_PAGE = 'Intel product page'
const APPLE_PAGE = 'Apple specifications; cache and clock by third parties'
/** XiongjieDai/GPU-Benchmarks-on-LLM-Inference, README, May 2024, tg 1024. */
const TOKENS = '; tokens/s: XiongjieDai/GPU-Benchmarks-on-LLM-Inference'

type Row = readonly [
  name: string,
  vendor: Vendor,
  deviceClass: DeviceClass,
  memoryGb: number,
  bandwidthGBs: number,
  cacheMb: number,
  units: number,
  clockGhz: number,
  matrixTops: number,
  source: string,
  measuredTokensPerS?: number,
]

const ROWS: readonly Row[] = [
  ['RTX 2080 Ti', 'nvidia', 'consumer', 11, 616, 5.5, 68, 1.545, 215, `${NVIDIA_PAPER} (Turing)`],
  ['RTX 3060', 'nvidia', 'consumer', 12, 360, 3, 28, 1.777, 102, `${NVIDIA_PAPER} (GA102)`],
  ['RTX 3070', 'nvidia', 'consumer', 8, 448, 4, 46, 1.725, 163, `${NVIDIA_PAPER} (GA102)${TOKENS}`, 70.9],
  ['RTX 3080', 'nvidia', 'consumer', 10, 760, 5, 68, 1.71, 238, `${NVIDIA_PAPER} (GA102)${TOKENS}`, 106.4],
  ['RTX 3090', 'nvidia', 'consumer', 24, 936, 6, 82, 1.695, 284, `${NVIDIA_PAPER} (GA102)${TOKENS}`, 111.7],
  ['RTX 4060', 'nvidia', 'consumer', 8, 272, 24, 24, 2.46, 121, `${NVIDIA_PAPER} (Ada)`],
  ['RTX 4070 Ti', 'nvidia', 'consumer', 12, 504, 48, 60, 2.61, 321, `${NVIDIA_PAPER} (Ada)${TOKENS}`, 82.2],
  ['RTX 4080', 'nvidia', 'consumer', 16, 717, 64, 76, 2.505, 390, `${NVIDIA_PAPER} (Ada)${TOKENS}`, 106.2],
  ['RTX 4090', 'nvidia', 'consumer', 24, 1008, 72, 128, 2.52, 661, `${NVIDIA_PAPER} (Ada)${TOKENS}`, 127.7],
  ['RTX 5070', 'nvidia', 'consumer', 12, 672, 48, 48, 2.512, 247, `${NVIDIA_PAPER} (Blackwell)`],
  ['RTX 5090', 'nvidia', 'consumer', 32, 1792, 96, 170, 2.407, 838, `${NVIDIA_PAPER} (Blackwell)`],
  ['T4', 'nvidia', 'data centre', 16, 320, 4, 40, 1.59, 130, NVIDIA_SHEET],
  ['A100 80 GB', 'nvidia', 'data centre', 80, 2039, 40, 108, 1.41, 624, NVIDIA_SHEET],
  ['L4', 'nvidia', 'data centre', 24, 300, 48, 58, 2.04, 242, NVIDIA_SHEET],
  ['L40S', 'nvidia', 'data centre', 48, 864, 96, 142, 2.52, 733, NVIDIA_SHEET],
  ['H100 SXM', 'nvidia', 'data centre', 80, 3350, 50, 132, 1.98, 1979, NVIDIA_SHEET],
  ['H200', 'nvidia', 'data centre', 141, 4800, 50, 132, 1.98, 1979, NVIDIA_SHEET],
  [
    'B200',
    'nvidia',
    'data centre',
    180,
    8000,
    126,
    148,
    1.965,
    4500,
    `${NVIDIA_SHEET}; cache and clock by third parties`,
  ],
  ['MI300X', 'amd', 'data centre', 192, 5300, 256, 304, 2.1, 2615, 'AMD data sheet'],
  ['RX 6600 XT', 'amd', 'consumer', 8, 256, 32, 32, 2.589, 0, AMD_PAGE],
  ['RX 6800 XT', 'amd', 'consumer', 16, 512, 128, 72, 2.25, 0, AMD_PAGE],
  ['RX 7900 XTX', 'amd', 'consumer', 24, 960, 96, 96, 2.5, 123, `${AMD_PAGE}; tokens/s: llama.cpp pull 26284`, 105.8],
  ['RX 9070 XT', 'amd', 'consumer', 16, 645, 64, 64, 2.97, 389, AMD_PAGE],
  ['Radeon 780M', 'amd', 'integrated', 16, 90, 2, 12, 2.7, 16.6, `${AMD_PAGE}; DDR5-5600`],
  ['Radeon 8060S', 'amd', 'integrated', 96, 256, 32, 40, 2.9, 59.4, AMD_PAGE],
  ['Arc A770', 'intel', 'consumer', 16, 560, 16, 32, 2.1, 262, INTEL_PAGE],
  ['Arc B580', 'intel', 'consumer', 12, 456, 18, 20, 2.67, 233, INTEL_PAGE],
  ['Iris Xe (96 EU)', 'intel', 'integrated', 16, 68, 12, 6, 1.3, 0, INTEL_PAGE],
  ['Arc 140V', 'intel', 'integrated', 32, 137, 8, 8, 2.05, 67, INTEL_PAGE],
  ['M1 (7 cores)', 'apple', 'integrated', 8, 68, 8, 7, 1.278, 0, `${APPLE_PAGE}${TOKENS}`, 9.7],
  ['M1 Max (32)', 'apple', 'integrated', 64, 400, 48, 32, 1.296, 0, `${APPLE_PAGE}${TOKENS}`, 34.5],
  ['M2 Ultra (76)', 'apple', 'integrated', 192, 800, 96, 76, 1.398, 0, `${APPLE_PAGE}${TOKENS}`, 76.3],
  ['M3 Max (40)', 'apple', 'integrated', 64, 400, 48, 40, 1.398, 0, `${APPLE_PAGE}${TOKENS}`, 50.7],
  [
    'M4 (10)',
    'apple',
    'integrated',
    16,
    120,
    8,
    10,
    1.578,
    0,
    `${APPLE_PAGE}; tokens/s: brand-o/normiebench issue 3`,
    20.9,
  ],
  ['M4 Max (40)', 'apple', 'integrated', 128, 546, 48, 40, 1.578, 0, APPLE_PAGE],
]

export const DEVICES: readonly Device[] = ROWS.map(
  ([name, vendor, deviceClass, memoryGb, bandwidthGBs, cacheMb, units, clockGhz, matrixTops, source, tokens]) => ({
    name,
    vendor,
    class: deviceClass,
    memoryGb,
    bandwidthGBs,
    cacheMb,
    units,
    clockGhz,
    matrixTops,
    source,
    ...(tokens === undefined ? {} : { measuredTokensPerS: tokens }),
  }),
)

/** int8 multiply-accumulates a clock and unit by dp4a, or by fp32 on Apple (128 lanes a core). Intel: 16 EUs of 8 lanes a Xe core. */
const MACS_A_CLOCK: Readonly<Record<Vendor, number>> = { nvidia: 256, amd: 256, intel: 512, apple: 128 }

/** Derived peak of `dot4I8Packed` done well, 10^12 multiply-accumulates a second. */
export function dp4aTmacs(device: Device): number {
  return (device.units * device.clockGhz * MACS_A_CLOCK[device.vendor]) / 1000
}

/** Peak of the best native path: the matrix unit, else what the shader has. */
export function nativeTmacs(device: Device): number {
  return Math.max(device.matrixTops / 2, dp4aTmacs(device))
}

/**
 * Last-level cache, GB/s, derived: 16 bytes a clock and unit (an RTX 4090 then has 5.2 TB/s, an RX 7900 XTX 3.8 where AMD states 3.5),
 * 32 where a unit is twice as wide or memory is HBM.
 */
export function cacheGBs(device: Device): number {
  const isWide = device.vendor === 'intel' || device.bandwidthGBs >= 2000
  return Math.max(device.bandwidthGBs, device.units * device.clockGhz * (isWide ? 32 : 16))
}

/** Registers and shared memory of all units, MB, derived: 256 KB of registers and 64 to 228 KB of shared memory a unit. */
export function besideUnitsMb(device: Device): number {
  return device.units * 0.3
}

/** What the units read from beside them, GB/s, derived: 128 bytes a clock and unit. */
export function besideUnitsGBs(device: Device): number {
  return device.units * device.clockGhz * 128
}
