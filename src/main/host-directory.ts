/**
 * Who is registered, as the chain says it, kept fresh while the host runs: the peer directory that p2p validates with and the
 * host list that the screen shows. Refreshed at each block, one query at a time; between refreshes the last answer stands.
 */

import type { ChainPort, HostRecord, PeerDirectory, Unsubscribe } from '../host/ports.ts'
import { errorMessage } from '../lib/coded-error.ts'
import type { Logger } from '../lib/runtime.ts'

export interface HostDirectory extends PeerDirectory {
  records(): readonly HostRecord[]
  onChange(listener: () => void): Unsubscribe
  start(signal: AbortSignal): void
}

export function createHostDirectory(
  chain: Pick<ChainPort, 'hosts' | 'epoch' | 'onBlock'>,
  logger: Logger,
): HostDirectory {
  let records: readonly HostRecord[] = []
  let byPeer = new Map<string, HostRecord>()
  let epoch = 0n
  let isRefreshing = false
  const listeners = new Set<() => void>()

  async function refresh(signal: AbortSignal): Promise<void> {
    if (isRefreshing) {
      return
    }
    isRefreshing = true
    try {
      const [hosts, status] = await Promise.all([chain.hosts(signal), chain.epoch(signal)])
      records = hosts
      byPeer = new Map(hosts.map((record) => [record.peerId, record]))
      epoch = status.epoch
      for (const listener of listeners) {
        listener()
      }
    } catch (error) {
      if (!signal.aborted) {
        logger.log('debug', 'host list not refreshed', { error: errorMessage(error) })
      }
    } finally {
      isRefreshing = false
    }
  }

  return {
    hostOfPeer(peerId) {
      const record = byPeer.get(peerId)
      return record && { owner: record.owner, devicePublicKey: record.devicePubkey }
    },
    currentEpoch: () => epoch,
    records: () => records,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    start(signal) {
      const stop = chain.onBlock(() => void refresh(signal))
      signal.addEventListener('abort', stop, { once: true })
      void refresh(signal)
    },
  }
}
