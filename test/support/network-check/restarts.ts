/** Each process of a network ended once, one after the other, politely or not; its supervisor starts it again. */
import { setTimeout as sleep } from 'node:timers/promises'
import { waitFor } from '../wait-for.ts'
import { networkHeight } from './chain-view.ts'
import type { Member } from './members.ts'

export interface Fault {
  /** `SIGKILL validator-1 app` */
  readonly kind: string
  /** Blocks that the network made until it was back; -1: it did not come back. */
  readonly recoveredBlocks: number
}

export interface RestartPlan {
  readonly members: readonly Member[]
  readonly rpcUrls: readonly string[]
  readonly say: (line: string) => void
}

const BACK_DEADLINE_MS = 60_000
const PAUSE_MS = 1_000

export async function restartEach({ members, rpcUrls, say }: RestartPlan, signal: AbortSignal): Promise<Fault[]> {
  const faults: Fault[] = []
  for (const [index, member] of members.entries()) {
    signal.throwIfAborted()
    // Of every two validators each process is ended both ways.
    const killed = (index + Math.trunc(index / 2)) % 2 === 0 ? 'SIGKILL' : 'SIGTERM'
    const recoveredBlocks = await restartOne(member, killed, rpcUrls, signal)
    faults.push({ kind: `${killed} ${member.name}`, recoveredBlocks })
    say(
      `${killed} ${member.name}: ${recoveredBlocks < 0 ? 'did not come back' : `back after ${recoveredBlocks} blocks`}`,
    )
    await sleep(PAUSE_MS)
  }
  return faults
}

async function restartOne(
  member: Member,
  killed: 'SIGKILL' | 'SIGTERM',
  rpcUrls: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const before = await waitFor(`${member.name} to run`, () => member.pid(), { signal })
  const height = await networkHeight(rpcUrls)
  process.kill(before, killed)
  try {
    await waitFor(
      `${member.name} to be back`,
      async () => {
        const now = member.pid()
        return now !== undefined && now !== before && (await member.isBack(await networkHeight(rpcUrls)))
      },
      { deadlineMs: BACK_DEADLINE_MS, everyMs: 100, signal },
    )
  } catch {
    signal.throwIfAborted()
    return -1
  }
  return (await networkHeight(rpcUrls)) - height
}
