/** `tailrace device`, `device check` and `bench`: what computes here, how fast, and how the machine is. */

import type { ScreenSnapshot } from '../../ipc/snapshot.ts'
import type { MachineReadings } from '../../ipc/wires/machine-wire.ts'
import { toHex } from '../../lib/bytes.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { WORKER_FILE } from '../built-files.ts'
import { defineCommand } from '../command.ts'
import { bytes, pairs, percent, rate, table } from '../layout.ts'
import { HOME, JSON_OUTPUT } from '../options.ts'
import { emit, snapshotOf, waitForSnapshot, withControl } from '../with-control.ts'

const CHECK_TIMEOUT_MS = 180_000
const options = { home: HOME, json: JSON_OUTPUT }

export const DEVICE_COMMAND = defineCommand({
  name: 'device',
  group: 'machine',
  summary: 'what computes, and what the system tells of processor, memory, disk, graphics and temperatures',
  options,
  positionals: {},
  examples: ['tailrace device', 'tailrace device --json'],
  reaches: ['machine.readings'],
  run: (args, context) =>
    withControl(context, args.home, async (control) => {
      const snapshot = await snapshotOf(control)
      const readings = await control.client.machine.readings()
      const value = { backends: snapshot.device?.backends ?? [], inUse: snapshot.backend, readings }
      emit(context, args.json, value, () => `${backendsText(snapshot)}\n\n${readingsText(readings)}`)
      return 0
    }),
})

export const DEVICE_CHECK_COMMAND = defineCommand({
  name: 'device check',
  group: 'machine',
  summary: 'run the known answers through the kernels again',
  details: 'Exit code 1 where no backend computes them exactly.',
  options,
  positionals: {},
  examples: ['tailrace device check'],
  reaches: ['machine.recheck'],
  run: (args, context) =>
    withControl(context, args.home, async (control) => {
      const before = (await snapshotOf(control)).device
      const { outcome } = await control.client.machine.recheck()
      context.terminal.say('Checking the device …')
      const checked = await waitForSnapshot(
        control,
        context,
        // Each check measures anew: an equal report to the last digit is the old one.
        (snapshot) =>
          snapshot.device !== null && JSON.stringify(snapshot.device) !== JSON.stringify(before) ? snapshot : undefined,
        CHECK_TIMEOUT_MS,
      )
      const backends = checked.device?.backends ?? []
      emit(context, args.json, { outcome, backends, inUse: checked.backend }, () => backendsText(checked))
      return backends.some(({ conformant }) => conformant) ? 0 : 1
    }),
})

export const BENCH_COMMAND = defineCommand({
  name: 'bench',
  group: 'machine',
  summary: 'the race’s probe on this computer’s processor: known answers, then attempts a second',
  details:
    'Needs no running application. WebGPU is measured by the page of a running one: `tailrace device` shows it. Exit code 1 where the answers differ.',
  options: { json: JSON_OUTPUT },
  positionals: {},
  examples: ['tailrace bench', 'tailrace bench --json'],
  async run(args, context) {
    const { startNodeCompute } = await import('../../main/node-compute.ts')
    const compute = startNodeCompute(WORKER_FILE, SILENT_LOGGER)
    try {
      context.terminal.say('Measuring …')
      const { backends } = await compute.port.probe(context.signal)
      const rows = backends.map(({ conformanceDigest, ...backend }) => ({
        ...backend,
        conformanceDigest: toHex(conformanceDigest),
      }))
      emit(context, args.json, { backends: rows }, () => backendTable(rows))
      return rows.some(({ conformant }) => conformant) ? 0 : 1
    } finally {
      await compute.stop()
    }
  },
})

type BackendRow = Pick<
  NonNullable<ScreenSnapshot['device']>['backends'][number],
  'kind' | 'adapter' | 'isSoftware' | 'conformant' | 'attemptsPerSecond'
>

function backendTable(backends: readonly BackendRow[]): string {
  return table(
    ['BACKEND', '>ATTEMPTS/S', 'ANSWERS', 'ADAPTER'],
    backends.map(({ kind, attemptsPerSecond, conformant, adapter, isSoftware }) => [
      kind,
      rate(attemptsPerSecond),
      conformant ? 'exact' : 'WRONG',
      `${adapter}${isSoftware ? ' (software)' : ''}`,
    ]),
  )
}

function backendsText({ device, backend }: ScreenSnapshot): string {
  if (device === null) {
    return 'The device was not checked yet: `tailrace join` or `tailrace device check`.'
  }
  const inUse = backend === null ? 'none' : `${backend.kind} (${backend.reason.replaceAll('_', ' ')})`
  return `${backendTable(device.backends)}\nIn use: ${inUse}`
}

function readingsText(readings: MachineReadings): string {
  const { processor, memory, disk, graphics, temperatures } = readings
  const load = processor.loadPpm === null ? '' : `, ${percent(processor.loadPpm)} busy`
  return pairs([
    ['System', readings.system],
    ['Processor', `${processor.name}, ${processor.cores} cores${load}`],
    ['Memory', `${bytes(memory.availableBytes)} of ${bytes(memory.totalBytes)} free`],
    ['Disk', disk === null ? 'not told' : `${bytes(disk.freeBytes)} free, ${bytes(disk.dataBytes)} used by Tailrace`],
    ...graphics.map((card) => ['Graphics', graphicsText(card)] as const),
    ...temperatures.map(({ name, celsius }) => [name, `${celsius.toFixed(1)} °C`] as const),
  ])
}

function graphicsText(card: MachineReadings['graphics'][number]): string {
  const parts = [
    card.name,
    ...(card.driver === '' ? [] : [`driver ${card.driver}`]),
    ...(card.memoryBytes === null ? [] : [`${bytes(card.memoryBytes)} of memory`]),
    ...(card.powerMilliwatts === null ? [] : [`${Math.round(card.powerMilliwatts / 1_000)} W`]),
  ]
  return parts.join(', ')
}
