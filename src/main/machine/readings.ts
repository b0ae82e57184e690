/**
 * What this computer tells of itself: processor, memory, disk, temperatures, graphics cards. Invariant: nothing is invented; what
 * the system does not tell is null or missing. Asked at most every two seconds, however many screens ask. Read next:
 * linux-sensors.ts and nvidia-smi.ts (how each text is read), machine-desk.ts (who asks).
 */
import { readdir, readFile, statfs } from 'node:fs/promises'
import { cpus, freemem, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import type { MachineReadings } from '../../ipc/wires/machine-wire.ts'
import type { AbortSignalLike, Clock } from '../../lib/runtime.ts'
import { createFolderSize } from './folder-size.ts'
import type { DrmFiles, GraphicsReading, TemperatureReading } from './linux-sensors.ts'
import { graphicsOf, isNvidia, parseMeminfo, temperatureOf } from './linux-sensors.ts'
import { queryNvidia } from './nvidia-smi.ts'
import { createProcessorLoad } from './processor-load.ts'

export interface MachineReaderOptions {
  readonly dataFolder: string
  readonly platform: NodeJS.Platform
  /** Where /proc and /sys are looked for; a test has its own. */
  readonly root?: string
  readonly nvidiaCommand?: string
}

export interface MachineReader {
  read(signal: AbortSignalLike): Promise<MachineReadings>
}

const CACHED_MS = 2_000
const MAX_TEXT_BYTES = 64 * 1_024
const MAX_ENTRIES = 64
const MAX_TEMPERATURES = 32
const MAX_GRAPHICS = 16

export function createMachineReader(clock: Clock, options: MachineReaderOptions): MachineReader {
  const { root = '/', dataFolder, platform, nvidiaCommand = 'nvidia-smi' } = options
  const load = createProcessorLoad(() => cpus())
  const folder = createFolderSize(clock)
  let latest: { readonly atMs: number; readonly readings: Promise<MachineReadings> } | undefined

  async function readNow(atMs: number, signal: AbortSignalLike): Promise<MachineReadings> {
    const isLinux = platform === 'linux'
    const [nvidia, cards, sensors, memory, disk] = await Promise.all([
      queryNvidia(nvidiaCommand, signal),
      isLinux ? readCards(root) : [],
      isLinux ? readSensors(root) : [],
      readMemory(root, isLinux),
      readDisk(dataFolder, folder),
    ])
    const known = nvidia ?? { graphics: [], temperatures: [] }
    const others = cards.filter((card) => known.graphics.length === 0 || !card.isNvidia).map(({ reading }) => reading)
    const processors = cpus()
    return {
      atMs,
      system: `${type()} ${release()} ${process.arch}`.slice(0, 128),
      processor: {
        name: (processors[0]?.model ?? '').trim().slice(0, 128),
        cores: processors.length,
        loadPpm: load.sample(),
      },
      memory: { ...memory, processBytes: process.memoryUsage.rss() },
      disk,
      temperatures: [...known.temperatures, ...sensors].slice(0, MAX_TEMPERATURES),
      graphics: [...known.graphics, ...others].slice(0, MAX_GRAPHICS),
    }
  }

  return {
    read(signal) {
      const nowMs = clock.nowMs()
      if (latest === undefined || nowMs - latest.atMs >= CACHED_MS || nowMs < latest.atMs) {
        // Shared by whoever asks meanwhile, so one asker's end does not end it: the tool has its own time limit.
        const readings = readNow(nowMs, new AbortController().signal)
        latest = { atMs: nowMs, readings }
        readings.catch(() => {
          latest = undefined
        })
      }
      const { readings } = latest
      return signal.aborted ? Promise.reject(signal.reason as Error) : readings
    },
  }
}

async function readMemory(root: string, isLinux: boolean): Promise<{ totalBytes: number; availableBytes: number }> {
  const meminfo = isLinux ? parseMeminfo(await readText(join(root, 'proc/meminfo'))) : undefined
  return meminfo ?? { totalBytes: totalmem(), availableBytes: freemem() }
}

async function readDisk(
  dataFolder: string,
  folder: { sizeOf(path: string): Promise<number> },
): Promise<MachineReadings['disk']> {
  try {
    const { bsize, blocks, bavail } = await statfs(dataFolder)
    return { totalBytes: bsize * blocks, freeBytes: bsize * bavail, dataBytes: await folder.sizeOf(dataFolder) }
  } catch {
    // A system that tells nothing of that disk: shown as not known.
    return null
  }
}

async function readCards(root: string): Promise<readonly { readonly reading: GraphicsReading; isNvidia: boolean }[]> {
  const drm = join(root, 'sys/class/drm')
  const names = (await list(drm)).filter((name) => /^card\d{1,3}$/.test(name))
  const cards = await Promise.all(names.map((name) => readCard(join(drm, name, 'device'))))
  return cards.flatMap((files) => {
    const reading = graphicsOf(files)
    return reading === undefined ? [] : [{ reading, isNvidia: isNvidia(files) }]
  })
}

async function readCard(device: string): Promise<DrmFiles> {
  const hwmon = join(device, 'hwmon')
  const [sensor = ''] = await list(hwmon)
  const text = (name: string) => readText(join(device, name))
  const [vendor, id, productName, uevent, memoryTotal, memoryUsed, busyPercent, average] = await Promise.all([
    text('vendor'),
    text('device'),
    text('product_name'),
    text('uevent'),
    text('mem_info_vram_total'),
    text('mem_info_vram_used'),
    text('gpu_busy_percent'),
    sensor === '' ? '' : readText(join(hwmon, sensor, 'power1_average')),
  ])
  const power = average !== '' || sensor === '' ? average : await readText(join(hwmon, sensor, 'power1_input'))
  return { vendor, device: id, productName, uevent, memoryTotal, memoryUsed, busyPercent, power }
}

/** The chips of hwmon; where there is none, the thermal zones of the firmware. */
async function readSensors(root: string): Promise<readonly TemperatureReading[]> {
  const hwmon = join(root, 'sys/class/hwmon')
  const chips = await Promise.all((await list(hwmon)).map((name) => readChip(join(hwmon, name))))
  const found = chips.flat()
  return found.length > 0 ? found : readZones(join(root, 'sys/class/thermal'))
}

async function readChip(folder: string): Promise<readonly TemperatureReading[]> {
  const sensor = await readText(join(folder, 'name'))
  const inputs = (await list(folder)).filter((name) => /^temp\d{1,2}_input$/.test(name))
  const readings = await Promise.all(
    inputs.map(async (name) => {
      const label = await readText(join(folder, name.replace('_input', '_label')))
      return temperatureOf(sensor, label, await readText(join(folder, name)))
    }),
  )
  return readings.filter((reading) => reading !== undefined)
}

async function readZones(folder: string): Promise<readonly TemperatureReading[]> {
  const zones = (await list(folder)).filter((name) => /^thermal_zone\d{1,3}$/.test(name))
  const readings = await Promise.all(
    zones.map(async (zone) =>
      temperatureOf(await readText(join(folder, zone, 'type')), '', await readText(join(folder, zone, 'temp'))),
    ),
  )
  return readings.filter((reading) => reading !== undefined)
}

/** Sorted and bounded; empty where there is no such folder. */
async function list(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort().slice(0, MAX_ENTRIES)
  } catch {
    // Not there, or not for this user: the system does not tell.
    return []
  }
}

async function readText(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).slice(0, MAX_TEXT_BYTES)
  } catch {
    // A sensor that is asleep refuses to be read.
    return ''
  }
}
