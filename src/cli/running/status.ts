/** `tailrace status`: the same snapshot as the screen's Home, as a page of text. */

import type { ScreenSnapshot } from '../../ipc/snapshot.ts'
import type { EarningsPage } from '../../ipc/wires/earnings-wire.ts'
import { defineCommand } from '../command.ts'
import type { CliContext, Terminal } from '../context.ts'
import type { Control } from '../control-client.ts'
import { duration, pairs, percent, rate, shortAddress, tail } from '../layout.ts'
import { flag, HOME, JSON_OUTPUT } from '../options.ts'
import { paint } from '../terminal.ts'
import { emit, snapshotOf, withControl } from '../with-control.ts'
import { FINISHING_WORDS, IDLE_WORDS, PHASE_WORDS, secondsToRace } from '../words/states.ts'
import { troubleSentence } from '../words/troubles.ts'
import { earnedSince, localMidnight } from './earned.ts'

/** Epochs of 40 s over a day would be 2,160; what a day of the newest 400 shows is said as such. */
const DAY_EPOCHS = 400

export const STATUS_COMMAND = defineCommand({
  name: 'status',
  group: 'earning',
  summary: 'state, weight, earnings, troubles and the next race',
  options: { home: HOME, json: JSON_OUTPUT, watch: flag('show it again at each change until Ctrl-C') },
  positionals: {},
  examples: ['tailrace status', 'tailrace status --watch', 'tailrace status --json | jq .state'],
  reaches: ['earnings.history'],
  run: (args, context) =>
    withControl(context, args.home, async (control) => {
      const show = async (snapshot: ScreenSnapshot): Promise<void> => {
        const status = statusOf(snapshot, await todayOf(control, context))
        emit(context, args.json, status, () => statusText(status, context.terminal))
      }
      if (!args.watch) {
        await show(await snapshotOf(control))
        return 0
      }
      let last = ''
      for await (const snapshot of control.watch(context.signal)) {
        const seen = JSON.stringify(statusOf(snapshot, undefined))
        if (seen !== last) {
          last = seen
          await show(snapshot)
        }
      }
      return 0
    }),
})

/** The JSON of `tailrace status`; amounts in utail. */
export interface Status {
  readonly state: ScreenSnapshot['phase']
  readonly joined: boolean
  readonly version: string
  readonly chain: ScreenSnapshot['chain']
  readonly address: string
  readonly peers: number
  readonly backend: string | null
  readonly attemptsPerSecond: number | null
  readonly weightPpm: number
  readonly reputationPpm: number
  readonly earnings: {
    readonly today: string | null
    readonly held: string
    readonly credited: string
    readonly balance: string
  }
  readonly nextRaceSeconds: number | null
  readonly finishing: string | null
  readonly idleReason: string | null
  readonly troubles: ScreenSnapshot['troubles']
}

export function statusOf(snapshot: ScreenSnapshot, today: bigint | undefined): Status {
  const { standing, work } = snapshot
  return {
    state: snapshot.phase,
    joined: snapshot.joined,
    version: snapshot.version,
    chain: snapshot.chain,
    address: snapshot.ownerAddress,
    peers: snapshot.peers,
    backend: snapshot.backend?.kind ?? null,
    attemptsPerSecond: snapshot.phase === 'racing' ? (snapshot.race?.attemptsPerSecond ?? null) : null,
    weightPpm: standing?.weightPpm ?? 0,
    reputationPpm: standing?.reputationPpm ?? 0,
    earnings: {
      today: today?.toString() ?? null,
      held: standing?.held ?? '0',
      credited: standing?.credited ?? '0',
      balance: snapshot.balance,
    },
    nextRaceSeconds: secondsToRace(snapshot) ?? null,
    finishing: work?.finishing ?? null,
    idleReason: work?.idleReason?.code ?? null,
    troubles: snapshot.troubles,
  }
}

async function todayOf({ client }: Control, { clock }: CliContext): Promise<bigint | undefined> {
  try {
    const page: EarningsPage = await client.earnings.history({ limit: DAY_EPOCHS })
    return earnedSince(page, localMidnight(clock.nowMs()))
  } catch {
    // The chain may be out of reach, which the troubles tell; everything else of the status still stands.
    return undefined
  }
}

function statusText(status: Status, terminal: Terminal): string {
  const { earnings, troubles } = status
  const next = status.nextRaceSeconds
  const speed = status.attemptsPerSecond === null ? '' : `, ${rate(status.attemptsPerSecond)} attempts/s`
  const finishing = FINISHING_WORDS[status.finishing as keyof typeof FINISHING_WORDS]
  const idle = IDLE_WORDS[status.idleReason as keyof typeof IDLE_WORDS]
  const color = troubles.some(({ level }) => level === 'error') ? 'red' : status.joined ? 'green' : 'yellow'
  const rows: (readonly [string, string])[] = [
    ['State', `${paint(terminal, color, PHASE_WORDS[status.state])}${speed}`],
    ...(finishing === undefined ? [] : [['Finishing', finishing] as const]),
    ['Weight', `${percent(status.weightPpm)} of the network, reputation ${percent(status.reputationPpm)}`],
    ['Today', earnings.today === null ? 'not known' : tail(earnings.today)],
    ['Held', tail(earnings.held)],
    ['Credited', tail(earnings.credited)],
    ['Balance', tail(earnings.balance)],
    ['Next race', next === null ? 'not known' : next === 0 ? 'now' : `in about ${duration(next)}`],
    ...(idle === undefined || !status.joined ? [] : [['Orders', idle] as const]),
    ['Chain', `${status.chain.chainId}, block ${status.chain.height}, ${status.chain.connection}`],
    ['Peers', String(status.peers)],
    ['Address', shortAddress(status.address)],
  ]
  const lines = troubles.map((trouble) => {
    const mark = paint(terminal, trouble.level === 'error' ? 'red' : 'yellow', trouble.level === 'error' ? '✗' : '!')
    return `${mark} ${troubleSentence(trouble)}`
  })
  const hint = status.joined ? [] : ['Join with `tailrace join`.']
  return [pairs(rows), ...lines, ...hint].join('\n')
}
