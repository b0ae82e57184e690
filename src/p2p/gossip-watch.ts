/**
 * Keeps the gossip with connected peers alive. The gossip library opens its streams once, when a peer connects, and keeps a
 * record for each peer: a stream that ends on a connection that stands, or a connection that ends while a stream is being opened
 * on it, leaves a record that no later connection repairs, and both sides fall silent for good
 * (docs/decisions/0017-gossip-is-watched.md).
 *
 * Invariant: a peer with which gossip runs in both directions is never touched, and streams of paid work are never cut. First
 * the gossip alone is set up anew over the connection that stands; a connection is closed only where that failed again and
 * again and no paid work runs on it. One side that watches mends both: what it takes apart ends at the other side too.
 * Read next: gossip-links.ts (what is seen and done through libp2p), limits.ts (how long each step waits).
 */
import { errorMessage } from '../lib/coded-error.ts'
import type { Clock, Logger } from '../lib/runtime.ts'
import type { GossipLink, GossipLinks } from './gossip-links.ts'
import { P2P_LIMITS } from './limits.ts'

export interface GossipWatchComponents {
  readonly links: GossipLinks
  readonly clock: Pick<Clock, 'sleep'>
  readonly logger: Logger
}

/** What is remembered of a peer whose gossip was broken lately. Looks are counted, not time: a busy process looks less often. */
interface Patient {
  /** Looks in a row at which it was broken. */
  broken: number
  /** Looks in a row at which it was whole. */
  whole: number
  attempts: number
}

/** Looks once a second until the signal aborts. Never rejects. */
export async function watchGossip(components: GossipWatchComponents, signal: AbortSignal): Promise<void> {
  const { clock, logger } = components
  const patients = new Map<string, Patient>()
  while (!signal.aborted) {
    try {
      await clock.sleep(P2P_LIMITS.gossipLookMs, signal)
      await treat(duePeers(patients, await components.links.look()), components, signal)
    } catch (error) {
      // The sleep ends early only where the signal aborted; whatever else goes wrong with one look, the next one comes.
      if (!signal.aborted) {
        logger.log('warn', 'gossip not looked at', { error: errorMessage(error) })
      }
    }
  }
}

interface DuePeer {
  readonly peer: string
  readonly step: 'renew' | 'hang-up'
}

/** Counts this look and says for which peers something has to be done now. */
function duePeers(patients: Map<string, Patient>, links: readonly GossipLink[]): DuePeer[] {
  const due: DuePeer[] = []
  for (const { peer, isWhole, waitsLonger } of links) {
    const patient = patients.get(peer) ?? { broken: 0, whole: 0, attempts: 0 }
    if (isWhole) {
      patient.broken = 0
      patient.whole += 1
      if (patient.whole >= P2P_LIMITS.gossipHealedLooks) {
        patients.delete(peer)
      }
      continue
    }
    patients.set(peer, patient)
    patient.whole = 0
    patient.broken += 1
    if (patient.broken >= patienceLooks(patient.attempts, waitsLonger)) {
      patient.broken = 0
      patient.attempts += 1
      due.push({ peer, step: patient.attempts % P2P_LIMITS.gossipAttempts === 0 ? 'hang-up' : 'renew' })
    }
  }
  forget(patients, links)
  return due
}

/**
 * Doubles with each attempt. One side of each pair waits longer for its first ones, so that the two do not take apart in turn
 * what the other has just built.
 */
function patienceLooks(attempts: number, waitsLonger: boolean): number {
  const base = waitsLonger ? 2 * P2P_LIMITS.gossipBrokenLooks : P2P_LIMITS.gossipBrokenLooks
  return Math.min(P2P_LIMITS.gossipPatienceLooks, base * 2 ** attempts)
}

/** A peer that has gone is remembered for a while: it may come back as broken as it left. */
function forget(patients: Map<string, Patient>, links: readonly GossipLink[]): void {
  const seen = new Set(links.map((link) => link.peer))
  for (const [peer, patient] of patients) {
    if (!seen.has(peer)) {
      patient.broken = 0
      if (patients.size > P2P_LIMITS.gossipPatients) {
        patients.delete(peer)
      }
    }
  }
}

async function treat(due: readonly DuePeer[], components: GossipWatchComponents, signal: AbortSignal): Promise<void> {
  if (due.length === 0) {
    return
  }
  const { links, clock, logger } = components
  const renewed = due.filter(({ step }) => step === 'renew')
  for (const { peer } of renewed) {
    logger.log('info', 'gossip with a peer is broken: set up anew', { peer })
    await links.takeApart(peer)
  }
  for (const { peer, step } of due) {
    if (step === 'hang-up') {
      const closed = await links.hangUp(peer)
      logger.log('warn', 'gossip with a peer stays broken', { peer, connectionsClosed: closed })
    }
  }
  // The library hears of an end only after the current events; the other side a moment later.
  await clock.sleep(P2P_LIMITS.gossipSettleMs, signal)
  for (const { peer } of renewed) {
    await links.putTogether(peer)
  }
}
