/** What NVIDIA's own tool says of its cards. Pure but for `queryNvidia`, which runs it where it is installed. */
import { execFile } from 'node:child_process'
import type { AbortSignalLike } from '../../lib/runtime.ts'
import type { GraphicsReading, TemperatureReading } from './linux-sensors.ts'

export interface NvidiaReading {
  readonly graphics: readonly GraphicsReading[]
  readonly temperatures: readonly TemperatureReading[]
}

const FIELDS = [
  'name',
  'driver_version',
  'memory.total',
  'memory.used',
  'power.draw',
  'utilization.gpu',
  'temperature.gpu',
] as const

export const NVIDIA_ARGUMENTS: readonly string[] = [`--query-gpu=${FIELDS.join(',')}`, '--format=csv,noheader,nounits']

const TIMEOUT_MS = 3_000
const MAX_OUTPUT_BYTES = 64 * 1_024
const MAX_CARDS = 16
const MEBIBYTE = 1_048_576

/** Undefined where the tool is not there, fails, or takes too long. */
export function queryNvidia(command: string, signal: AbortSignalLike): Promise<NvidiaReading | undefined> {
  const options = { timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES, signal: signal as AbortSignal, windowsHide: true }
  return new Promise((resolve) => {
    execFile(command, [...NVIDIA_ARGUMENTS], options, (error, stdout) => {
      resolve(error === null ? parseNvidia(stdout) : undefined)
    })
  })
}

/** One line for each card; a value that the card does not tell is `[N/A]` or `[Not Supported]`. */
export function parseNvidia(text: string): NvidiaReading {
  const graphics: GraphicsReading[] = []
  const temperatures: TemperatureReading[] = []
  for (const line of text.split('\n').slice(0, MAX_CARDS)) {
    const cells = line.split(',').map((cell) => cell.trim())
    const [name = '', driver = '', total, used, power, load, celsius] = cells
    if (cells.length !== FIELDS.length || name === '') {
      continue
    }
    const loadPercent = numberOf(load, 100)
    graphics.push({
      name: name.slice(0, 128),
      driver: driver.slice(0, 64),
      memoryBytes: scaled(numberOf(total, 1e8), MEBIBYTE),
      memoryUsedBytes: scaled(numberOf(used, 1e8), MEBIBYTE),
      powerMilliwatts: scaled(numberOf(power, 1e6), 1_000),
      loadPpm: scaled(loadPercent, 10_000),
    })
    const degrees = numberOf(celsius, 200)
    if (degrees !== null) {
      temperatures.push({ name: name.slice(0, 64), celsius: degrees, isGpu: true })
    }
  }
  return { graphics, temperatures }
}

function numberOf(text: string | undefined, most: number): number | null {
  const value = /^\d{1,9}(\.\d{1,3})?$/.test(text ?? '') ? Number(text) : Number.NaN
  return value <= most ? value : null
}

function scaled(value: number | null, factor: number): number | null {
  return value === null ? null : Math.round(value * factor)
}
