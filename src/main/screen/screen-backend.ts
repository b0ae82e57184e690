/** What the screen sees of this host (ipc/screen-router.ts), from the contributor, the chain and the data folder. */
import { MAX_LEDGER_PAGE } from '../../ipc/contract.ts'
import type { CommandOutcome, LedgerPage, ScreenBackend } from '../../ipc/screen-router.ts'
import type { LeaseState, ScreenSnapshot } from '../../ipc/snapshot.ts'
import type { ChatEvent, ChatInput, ReceiptVerdict } from '../../ipc/wires/developer-wire.ts'
import type { EarningsInput, EarningsPage } from '../../ipc/wires/earnings-wire.ts'
import type { GatewaySnapshot } from '../../ipc/work-snapshot.ts'
import { errorMessage } from '../../lib/coded-error.ts'
import type { AbortSignalLike, Clock, Logger } from '../../lib/runtime.ts'
import type { QueryLedgerResponse } from '../../protocol/gen/tailrace/v1/query.ts'
import type { Params } from '../../protocol/params.ts'
import type { Desks } from '../core/desks.ts'
import type { GatewayClient } from '../gateway/gateway-client.ts'
import type { HostProcess } from '../host-process.ts'
import { VERSION } from '../version.ts'
import type { DeveloperDesk } from './developer-desk.ts'
import type { GatewayFollowOptions } from './gateway-follow.ts'
import { followGateway } from './gateway-follow.ts'
import { buildSnapshot, ledgerEntryOf, ledgerTotalsOf } from './screen-snapshot.ts'
import type { WorkFacts } from './work-follow.ts'
import { followWork } from './work-follow.ts'
import { workSnapshotOf } from './work-snapshot.ts'

/** A host counts as online for this long after its last heartbeat. */
const ONLINE_MS = 60_000
const LEDGER_WINDOW = 60n

export interface ScreenBackendComponents {
  readonly host: HostProcess
  readonly developer: LocalDeveloper
  readonly desks: Desks
  readonly clock: Clock
  readonly logger: Logger
  readonly lease: { state(): LeaseState; onLease(listener: () => void): () => void }
}

export interface ScreenBackendOptions {
  readonly dataFolder: string
  readonly logFolder: string
  readonly endpoints: () => { readonly rpc: string; readonly screen: string }
}

/** The developer's side of this computer: its gateway, and what is known of it. */
export interface LocalDeveloper {
  readonly desk: DeveloperDesk
  readonly gateway: GatewayClient
  readonly key: GatewayFollowOptions
}

export function createScreenBackend(
  components: ScreenBackendComponents,
  options: ScreenBackendOptions,
  signal: AbortSignal,
): ScreenBackend {
  return new HostScreenBackend(components, options, signal)
}

class HostScreenBackend implements ScreenBackend {
  readonly wallet: ScreenBackend['wallet']
  readonly settings: ScreenBackend['settings']
  readonly machine: ScreenBackend['machine']
  readonly logs: ScreenBackend['logs']
  readonly #components: ScreenBackendComponents
  readonly #options: ScreenBackendOptions
  readonly #lastHeartbeatMs = new Map<string, number>()
  readonly #listeners = new Set<() => void>()
  readonly #ledger: () => QueryLedgerResponse | undefined
  readonly #work: () => WorkFacts | undefined
  readonly #gateway: { current(): GatewaySnapshot; refresh(): void }
  #params: Params | undefined

  constructor(components: ScreenBackendComponents, options: ScreenBackendOptions, signal: AbortSignal) {
    const { host, clock, lease, logger } = components
    this.#components = components
    this.#options = options
    const { desks } = components
    this.wallet = desks.wallet
    this.settings = desks.settings
    this.machine = desks.machine
    this.logs = desks.logs
    const notify = (): void => this.#notify()
    signal.addEventListener('abort', desks.onChange(notify), { once: true })
    this.#ledger = followLedger(components, signal, notify)
    const { chain, keys } = host
    const followed = { chain, work: chain.work, ownerAddress: keys.ownerAddress, logger }
    this.#work = followWork(followed, signal, notify)
    const { gateway, key } = components.developer
    this.#gateway = followGateway({ chain, work: chain.work, gateway, logger }, key, signal, notify)
    host.contributor.work?.onChange(notify)
    host.peers.onHeartbeat((heartbeat) => this.#lastHeartbeatMs.set(heartbeat.host, clock.nowMs()))
    host.contributor.onChange(notify)
    host.directory.onChange(notify)
    lease.onLease(notify)
    host.chain.params(signal).then(
      (loaded) => {
        this.#params = loaded
        notify()
      },
      (error: unknown) => logger.log('warn', 'parameters not loaded', { error: errorMessage(error) }),
    )
  }

  snapshot(): ScreenSnapshot {
    const { host, clock, lease, desks } = this.#components
    const { endpoints, ...folders } = this.#options
    return buildSnapshot({
      ...folders,
      ...desks.facts(),
      version: VERSION,
      nowMs: clock.nowMs(),
      chainId: host.chain.chainId,
      view: host.contributor.view(),
      params: this.#params,
      hosts: host.directory.records(),
      online: this.#onlineHosts(),
      models: this.#work()?.models ?? [],
      ledger: this.#ledger(),
      lease: lease.state(),
      endpoints: endpoints(),
      work: this.#workSnapshot(),
      gateway: this.#gateway.current(),
      workNotices: host.contributor.work?.view().notices ?? [],
    })
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  join(): CommandOutcome {
    const { contributor } = this.#components.host
    if (contributor.view().joined && contributor.view().phase !== 'stopped_by_fault') {
      return 'already'
    }
    this.#run('join', contributor.join())
    return 'accepted'
  }

  leave(): CommandOutcome {
    const { contributor } = this.#components.host
    if (!contributor.view().joined) {
      return 'already'
    }
    this.#run('leave', contributor.leave())
    return 'accepted'
  }

  finish(): CommandOutcome {
    const { contributor } = this.#components.host
    if (!contributor.view().joined) {
      return 'already'
    }
    this.#run('finish', contributor.finish())
    return 'accepted'
  }

  receiptFile(orderHash: string, signal: AbortSignal): Promise<string | undefined> {
    return this.#components.developer.desk.receiptFile(orderHash, signal)
  }

  verifyReceipt(orderHash: string, signal: AbortSignal): Promise<ReceiptVerdict> {
    return this.#components.developer.desk.verifyReceipt(orderHash, signal)
  }

  async *chat(input: ChatInput, signal: AbortSignal): AsyncGenerator<ChatEvent, void> {
    try {
      for await (const event of this.#components.developer.desk.chat(input, signal)) {
        yield event
      }
    } finally {
      this.#gateway.refresh()
    }
  }

  async ledger(
    page: { readonly fromSequence: string; readonly limit: number },
    signal: AbortSignalLike,
  ): Promise<LedgerPage> {
    const { chain, keys } = this.#components.host
    const response = await chain.ledger(keys.ownerAddress, BigInt(page.fromSequence), signal)
    const entries = response.entries.slice(0, Math.min(page.limit, MAX_LEDGER_PAGE)).map(ledgerEntryOf)
    return { entries, totals: ledgerTotalsOf(response) }
  }

  earnings(input: EarningsInput, signal: AbortSignal): Promise<EarningsPage> {
    return this.#components.desks.earnings(input, signal)
  }

  /** The screen sees how it goes by the phase and by notices; here a failure is only logged. */
  #run(command: string, done: Promise<void>): void {
    done.catch((error: unknown) => {
      this.#components.logger.log('warn', 'command failed', { command, error: errorMessage(error) })
    })
  }

  #workSnapshot(): ScreenSnapshot['work'] {
    const { contributor } = this.#components.host
    const { work } = contributor
    if (work === undefined) {
      return null
    }
    const checks = work.checks().map((check) => ({ ...check, batch: check.batch.toString() }))
    return workSnapshotOf({ host: contributor.view(), work: work.view(), facts: this.#work(), checks })
  }

  #notify(): void {
    for (const listener of this.#listeners) {
      listener()
    }
  }

  #onlineHosts(): Set<string> {
    const since = this.#components.clock.nowMs() - ONLINE_MS
    return new Set([...this.#lastHeartbeatMs].filter(([, atMs]) => atMs >= since).map(([address]) => address))
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
