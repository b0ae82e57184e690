/** Waits until the way is complete: click → find → verified weight → held → credited, and, with a cheat, caught and closed. */
import type { ChainPort, HostRecord } from '../../../src/host/ports.ts'
import type { CheatKind } from './check-arguments.ts'
import { isWithholding } from './check-arguments.ts'
import type { ScreenDriver } from './screen-driver.ts'
import type { NetworkWatch } from './watch-network.ts'

export interface FollowParts {
  readonly chain: ChainPort
  readonly watch: NetworkWatch
  readonly screen: ScreenDriver
  readonly say: (line: string) => void
  readonly cheat: CheatKind | undefined
  readonly clickedAtMs: number
  /** Whether the developer's part is done as well. */
  readonly isWorkDone: () => boolean
}

export interface FollowOutcome {
  readonly appAddress: string
  readonly clickToFirstFindMs: number
  readonly clickToFirstEarningMs: number
}

const APP_MONIKER = 'this computer'
export const CHEATER_MONIKER = 'companion-3'
const POLL_MS = 500

export async function followUntilDone(parts: FollowParts, signal: AbortSignal): Promise<FollowOutcome> {
  const { watch, screen, say } = parts
  let firstFindAtMs: number | undefined
  let firstEarningAtMs: number | undefined
  let lastLine = ''
  let lastPhase = ''
  while (!signal.aborted) {
    await watch.poll(signal)
    const app = hostNamed(watch, APP_MONIKER)
    const line = describe(watch, app)
    if (line !== lastLine) {
      say(line)
      lastLine = line
    }
    const phase =
      (await screen.page
        .getByTestId('phase')
        .textContent()
        .catch(() => null)) ?? ''
    if (phase !== lastPhase) {
      say(`screen: ${phase}`)
      lastPhase = phase
      await screen.picture(
        `2-${watch.epoch()?.height ?? 0n}-${phase
          .toLowerCase()
          .replaceAll(/[^a-z]+/g, '-')
          .slice(0, 40)}`,
      )
    }
    firstFindAtMs ??= app !== undefined && app.finds > 0n ? Date.now() : undefined
    firstEarningAtMs ??= app !== undefined && BigInt(app.held || '0') > 0n ? Date.now() : undefined
    if (app !== undefined && isEarned(app) && isCheatSettled(parts) && parts.isWorkDone()) {
      await untilScreenShowsCredit(screen, signal)
      await screen.picture('3-done')
      return {
        appAddress: app.owner,
        clickToFirstFindMs: (firstFindAtMs ?? Date.now()) - parts.clickedAtMs,
        clickToFirstEarningMs: (firstEarningAtMs ?? Date.now()) - parts.clickedAtMs,
      }
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  throw signal.reason
}

/** The person has to see it too: the credited amount on the screen is no longer zero. */
async function untilScreenShowsCredit(screen: ScreenDriver, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    const shown = (await screen.page.getByTestId('amount-credited').textContent()) ?? ''
    if (/[1-9]/.test(shown)) {
      return
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** Of the app's host, once it has registered. */
export function appAddress(watch: NetworkWatch): string | undefined {
  return hostNamed(watch, APP_MONIKER)?.owner
}

export function hostNamed(watch: NetworkWatch, moniker: string): HostRecord | undefined {
  return [...watch.totals.values()].find((entry) => entry.record.moniker === moniker)?.record
}

function isEarned(app: HostRecord): boolean {
  return BigInt(app.credited || '0') > 0n && app.weight !== '0'
}

/** Convicted, or, where it kept openings back, refunded. True where nobody cheats. */
export function isCheaterCaught(watch: NetworkWatch, cheat: CheatKind | undefined): boolean {
  const cheater = hostNamed(watch, CHEATER_MONIKER)
  if (cheat === undefined) {
    return true
  }
  return cheater !== undefined && (isWithholding(cheat) ? watch.withheld(cheater.owner) > 0 : cheater.faults > 0n)
}

/** Caught, and the epoch in which it was caught is closed. */
function isCheatSettled({ cheat, watch }: FollowParts): boolean {
  const cheater = hostNamed(watch, CHEATER_MONIKER)
  const startHeight = watch.epoch()?.startHeight ?? 0n
  return isCheaterCaught(watch, cheat) && (cheat === undefined || startHeight > (cheater?.lastFaultHeight ?? 0n))
}

function describe(watch: NetworkWatch, app: HostRecord | undefined): string {
  const epoch = watch.epoch()
  if (epoch === undefined) {
    return 'waiting for the chain'
  }
  const hosts = [...watch.totals.values()].map(
    ({ record }) => `${record.moniker} ${record.finds} finds ${record.raceVerdict} ${record.weightPpm / 10_000n} %`,
  )
  const earned = app === undefined ? '' : ` | held ${app.held} credited ${app.credited}`
  return `epoch ${epoch.epoch} ${epoch.stage}: ${hosts.join(', ')}${earned}`
}
