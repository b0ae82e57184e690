/** What Linux tells in text files of its temperatures, graphics cards and memory. Pure: text in, values out; what does not parse is absent. */

export interface TemperatureReading {
  readonly name: string
  readonly celsius: number
  readonly isGpu: boolean
}

export interface GraphicsReading {
  readonly name: string
  readonly driver: string
  readonly memoryBytes: number | null
  readonly memoryUsedBytes: number | null
  readonly powerMilliwatts: number | null
  readonly loadPpm: number | null
}

const GPU_SENSORS = /^(amdgpu|radeon|nouveau|i915|xe|nvidia)/
const LEAST_CELSIUS = -50
const MOST_CELSIUS = 200

/** Chips of /sys/class/hwmon by the name of their kernel driver, in words. */
const SENSOR_NAMES: Readonly<Record<string, string>> = {
  coretemp: 'Processor',
  k10temp: 'Processor',
  zenpower: 'Processor',
  cpu_thermal: 'Processor',
  amdgpu: 'Graphics card',
  radeon: 'Graphics card',
  nouveau: 'Graphics card',
  i915: 'Graphics card',
  xe: 'Graphics card',
  nvme: 'Disk',
  drivetemp: 'Disk',
  acpitz: 'Board',
}

/** `temp1_input` of hwmon and `temp` of a thermal zone are thousandths of a degree. */
export function temperatureOf(sensor: string, label: string, text: string): TemperatureReading | undefined {
  const milli = integerOf(text)
  const celsius = milli === undefined ? Number.NaN : milli / 1_000
  // 0 is what a sensor that is switched off says.
  if (!(celsius >= LEAST_CELSIUS && celsius <= MOST_CELSIUS) || celsius === 0) {
    return undefined
  }
  const chip = sensor.trim().replace(/-virtual-\d+$/, '')
  const known = SENSOR_NAMES[chip] ?? chip.replaceAll('_', ' ')
  const name = label.trim() === '' ? known : `${known}, ${label.trim()}`
  return { name: name.slice(0, 64), celsius, isGpu: GPU_SENSORS.test(chip) }
}

/** Bytes of /proc/meminfo; undefined where it lacks them (a kernel before 3.14). */
export function parseMeminfo(
  text: string,
): { readonly totalBytes: number; readonly availableBytes: number } | undefined {
  const kibibytes = (name: string) => countOf(new RegExp(`^${name}:\\s+(\\d{1,15}) kB$`, 'm').exec(text)?.[1] ?? '')
  const total = kibibytes('MemTotal')
  const available = kibibytes('MemAvailable')
  return total === undefined || available === undefined || available > total
    ? undefined
    : { totalBytes: total * 1_024, availableBytes: available * 1_024 }
}

const VENDORS: Readonly<Record<string, string>> = {
  '0x1002': 'AMD',
  '0x10de': 'NVIDIA',
  '0x8086': 'Intel',
  '0x106b': 'Apple',
  '0x1af4': 'Virtual',
  '0x15ad': 'VMware',
}

/** Files of /sys/class/drm/cardN/device, by name; what is not there is empty. */
export interface DrmFiles {
  readonly vendor: string
  readonly device: string
  readonly productName: string
  readonly uevent: string
  readonly memoryTotal: string
  readonly memoryUsed: string
  readonly busyPercent: string
  /** hwmon's power1_average or power1_input, microwatts. */
  readonly power: string
}

/** Undefined where it is no card of a maker: a frame buffer of the firmware has none. */
export function graphicsOf(files: DrmFiles): GraphicsReading | undefined {
  const vendor = files.vendor.trim()
  const device = files.device.trim()
  if (!/^0x[0-9a-f]{4}$/.test(vendor)) {
    return undefined
  }
  const product = files.productName.trim()
  const microwatts = countOf(files.power)
  const busy = countOf(files.busyPercent)
  return {
    name: (product === '' ? `${VENDORS[vendor] ?? `Maker ${vendor}`} ${device}` : product).slice(0, 128),
    driver: (/^DRIVER=(\S+)$/m.exec(files.uevent)?.[1] ?? '').slice(0, 64),
    memoryBytes: countOf(files.memoryTotal) ?? null,
    memoryUsedBytes: countOf(files.memoryUsed) ?? null,
    powerMilliwatts: microwatts === undefined ? null : Math.round(microwatts / 1_000),
    loadPpm: busy === undefined || busy > 100 ? null : busy * 10_000,
  }
}

export function isNvidia(files: Pick<DrmFiles, 'vendor'>): boolean {
  return files.vendor.trim() === '0x10de'
}

/** A whole number that a message can carry. */
function integerOf(text: string): number | undefined {
  const value = /^-?\d{1,16}$/.test(text.trim()) ? Number(text.trim()) : Number.NaN
  return Number.isSafeInteger(value) ? value : undefined
}

function countOf(text: string): number | undefined {
  const value = integerOf(text)
  return value === undefined || value < 0 ? undefined : value
}
