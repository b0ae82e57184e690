/** `tailrace network`: hosts with their weights, the epoch clock, and what the network pays and asks. */
import type { ScreenSnapshot } from '../../ipc/snapshot.ts'
import { defineCommand } from '../command.ts'
import { duration, pairs, percent, shortAddress, table, tail } from '../layout.ts'
import { HOME, JSON_OUTPUT } from '../options.ts'
import { emit, snapshotOf, withControl } from '../with-control.ts'
import { secondsToRace } from '../words/states.ts'

const options = { home: HOME, json: JSON_OUTPUT }

export const NETWORK_COMMAND = defineCommand({
  name: 'network',
  group: 'earning',
  summary: 'hosts, epoch clock and prices together',
  options,
  positionals: {},
  examples: ['tailrace network', 'tailrace network --json'],
  run: (args, context) =>
    withControl(context, args.home, async (control) => {
      const snapshot = await snapshotOf(control)
      const value = { ...epochOf(snapshot), ...pricesOf(snapshot), ...hostsOf(snapshot) }
      emit(context, args.json, value, () =>
        [epochText(snapshot), priceText(snapshot), hostsText(snapshot)].join('\n\n'),
      )
      return 0
    }),
})

export const NETWORK_HOSTS_COMMAND = defineCommand({
  name: 'network hosts',
  group: 'earning',
  summary: 'hosts with weight, reputation and faults',
  options,
  positionals: {},
  examples: ['tailrace network hosts --json'],
  run: (args, context) =>
    withControl(context, args.home, async (control) => {
      const snapshot = await snapshotOf(control)
      emit(context, args.json, hostsOf(snapshot), () => hostsText(snapshot))
      return 0
    }),
})

export const NETWORK_EPOCH_COMMAND = defineCommand({
  name: 'network epoch',
  group: 'earning',
  summary: 'the epoch clock: stage, heights and the next race',
  options,
  positionals: {},
  examples: ['tailrace network epoch'],
  run: (args, context) =>
    withControl(context, args.home, async (control) => {
      const snapshot = await snapshotOf(control)
      emit(context, args.json, epochOf(snapshot), () => epochText(snapshot))
      return 0
    }),
})

export const NETWORK_PRICE_COMMAND = defineCommand({
  name: 'network price',
  group: 'earning',
  summary: 'what an epoch pays and what models cost',
  options,
  positionals: {},
  examples: ['tailrace network price'],
  run: (args, context) =>
    withControl(context, args.home, async (control) => {
      const snapshot = await snapshotOf(control)
      emit(context, args.json, pricesOf(snapshot), () => priceText(snapshot))
      return 0
    }),
})

function hostsOf({ hosts, hostsTotal }: ScreenSnapshot): Pick<ScreenSnapshot, 'hosts' | 'hostsTotal'> {
  return { hosts, hostsTotal }
}

function epochOf(snapshot: ScreenSnapshot): {
  readonly chain: ScreenSnapshot['chain']
  readonly epoch: ScreenSnapshot['epoch']
  readonly nextRaceSeconds: number | null
} {
  return { chain: snapshot.chain, epoch: snapshot.epoch, nextRaceSeconds: secondsToRace(snapshot) ?? null }
}

function pricesOf({ rules, work }: ScreenSnapshot): {
  readonly emissionPerEpoch: string | null
  readonly models: readonly { readonly model: string; readonly price: string }[]
} {
  return {
    emissionPerEpoch: rules?.emissionPerEpoch ?? null,
    models: (work?.services ?? []).map(({ model, price }) => ({ model, price })),
  }
}

function hostsText({ hosts, hostsTotal }: ScreenSnapshot): string {
  const rows = [...hosts]
    .sort((a, b) => b.weightPpm - a.weightPpm)
    .map((host) => [
      `${printable(host.moniker)}${host.isSelf ? ' (this one)' : ''}`,
      percent(host.weightPpm),
      percent(host.reputationPpm),
      String(host.finds),
      printable(host.raceVerdict),
      host.faults === 0 ? '' : String(host.faults),
      !host.active ? 'left' : host.online ? 'online' : 'not heard',
      shortAddress(host.address),
    ])
  const more = hostsTotal > hosts.length ? [`… and ${hostsTotal - hosts.length} more`] : []
  const heads = ['NAME', '>WEIGHT', '>REPUTATION', '>FINDS', 'RACE', '>FAULTS', 'STATE', 'ADDRESS']
  return [table(heads, rows), ...more].join('\n')
}

function epochText(snapshot: ScreenSnapshot): string {
  const { epoch, chain } = snapshot
  const next = secondsToRace(snapshot)
  if (epoch === null || next === undefined) {
    return `${chain.chainId}: ${chain.connection}, the epoch is not known yet`
  }
  return pairs([
    ['Chain', `${chain.chainId}, ${chain.connection}`],
    ['Epoch', `${epoch.epoch}, ${epoch.stage} at block ${epoch.height}`],
    ['Blocks', `race to ${epoch.raceEndHeight}, settled at ${epoch.settleHeight}, paid at ${epoch.closeHeight}`],
    ['Next race', next === 0 ? 'now' : `in ${epoch.blocksToNextRace} blocks, about ${duration(next)}`],
  ])
}

function priceText(snapshot: ScreenSnapshot): string {
  const { emissionPerEpoch, models } = pricesOf(snapshot)
  return pairs([
    ['An epoch pays', emissionPerEpoch === null ? 'not known' : `up to ${tail(emissionPerEpoch)}`],
    ...models.map(({ model, price }) => [model, `${tail(price)} for a million output tokens`] as const),
  ])
}

/** Names come from other hosts: nothing in them may move the cursor or colour the terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '�')
}
