/** What the screen sees of this host (ipc/screen-router.ts), from the contributor, the chain and the data folder. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { CommandOutcome, LedgerPage, LogInfo, ScreenBackend } from '../ipc/screen-router.ts'
import { MAX_LEDGER_PAGE } from '../ipc/contract.ts'
import type { LeaseState } from '../ipc/snapshot.ts'
import { errorMessage } from '../lib/coded-error.ts'
import type { Clock, Logger } from '../lib/runtime.ts'
import type { QueryLedgerResponse } from '../protocol/gen/tailrace/v1/query.ts'
import type { Params } from '../protocol/params.ts'
import type { HostProcess } from './host-process.ts'
import { buildSnapshot, ledgerEntryOf, ledgerTotalsOf } from './screen-snapshot.ts'
import { VERSION } from './version.ts'

/** A host counts as online for this long after its last heartbeat. */
const ONLINE_MS = 60_000
const LEDGER_WINDOW = 60n

export interface ScreenBackendComponents {
  readonly host: HostProcess
  readonly clock: Clock
  readonly logger: Logger
  readonly lease: { state(): LeaseState; onLease(listener: () => void): () => void }
}

export interface ScreenBackendOptions {
  readonly dataFolder: string
  readonly logFolder: string
  readonly dutyPpm: number
  readonly endpoints: () => { readonly rpc: string; readonly screen: string }
}

export function createScreenBackend(
  components: ScreenBackendComponents,
  options: ScreenBackendOptions,
  signal: AbortSignal,
): ScreenBackend {
  const { host, clock, lease } = components
  const lastHeartbeatMs = new Map<string, number>()
  const listeners = new Set<() => void>()
  const ledger = followLedger(components, signal, notify)
  let params: Params | undefined

  function notify(): void {
    for (const listener of listeners) {
      listener()
    }
  }
  host.peers.onHeartbeat((heartbeat) => lastHeartbeatMs.set(heartbeat.host, clock.nowMs()))
  host.contributor.onChange(notify)
  host.directory.onChange(notify)
  lease.onLease(notify)
  host.chain.params(signal).then(
    (loaded) => {
      params = loaded
      notify()
    },
    (error: unknown) => components.logger.log('warn', 'parameters not loaded', { error: errorMessage(error) }),
  )

  function onlineHosts(): Set<string> {
    const since = clock.nowMs() - ONLINE_MS
    return new Set([...lastHeartbeatMs].filter(([, atMs]) => atMs >= since).map(([address]) => address))
  }

  return {
    snapshot: () =>
      buildSnapshot({
        version: VERSION,
        nowMs: clock.nowMs(),
        chainId: host.chain.chainId,
        view: host.contributor.view(),
        params,
        hosts: host.directory.records(),
        online: onlineHosts(),
        ledger: ledger(),
        lease: lease.state(),
        endpoints: options.endpoints(),
        dataFolder: options.dataFolder,
        logFolder: options.logFolder,
        dutyPpm: options.dutyPpm,
      }),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    join: (): CommandOutcome => {
      if (host.contributor.view().joined) {
        return 'already'
      }
      // Its failure is a notice as well; here it is only logged.
      host.contributor.join().catch((error: unknown) => components.logger.log('warn', 'join failed', { error: errorMessage(error) }))
      return 'accepted'
    },
    leave: (): CommandOutcome => {
      if (!host.contributor.view().joined) {
        return 'already'
      }
      host.contributor.leave().catch((error: unknown) => components.logger.log('warn', 'leave failed', { error: errorMessage(error) }))
      return 'accepted'
    },
    async ledger(page, pageSignal): Promise<LedgerPage> {
      const response = await host.chain.ledger(host.keys.ownerAddress, BigInt(page.fromSequence), pageSignal)
      const entries = response.entries.slice(0, Math.min(page.limit, MAX_LEDGER_PAGE)).map(ledgerEntryOf)
      return { entries, totals: ledgerTotalsOf(response) }
    },
    logs: async () => listLogs(options.logFolder),
  }
}

/** The newest part of this host's why-ledger, read again after each block that may have written to it. */
function followLedger(
  { host, logger }: ScreenBackendComponents,
  signal: AbortSignal,
  notify: () => void,
): () => QueryLedgerResponse | undefined {
  let latest: QueryLedgerResponse | undefined
  let isReading = false
  async function read(): Promise<void> {
    if (isReading) {
      return
    }
    isReading = true
    try {
      const last = latest?.lastSequence ?? 0n
      const from = last > LEDGER_WINDOW ? last - LEDGER_WINDOW : 0n
      latest = await host.chain.ledger(host.keys.ownerAddress, from, signal)
      notify()
    } catch (error) {
      if (!signal.aborted) {
        logger.log('debug', 'ledger not read', { error: errorMessage(error) })
      }
    } finally {
      isReading = false
    }
  }
  const stop = host.chain.onBlock(() => void read())
  signal.addEventListener('abort', stop, { once: true })
  void read()
  return () => latest
}

function listLogs(folder: string): LogInfo {
  const files = readdirSync(folder)
    .filter((name) => /\.log(\.1)?$/.test(name))
    .map((name) => {
      const stats = statSync(join(folder, name))
      return { name, sizeBytes: stats.size, modifiedAtMs: Math.floor(stats.mtimeMs) }
    })
  return { folder, files: files.sort((a, b) => b.modifiedAtMs - a.modifiedAtMs).slice(0, 64) }
}
