/**
 * This tab's part in the compute lease: asks for it on each connection, steps back where another tab has it, and asks again
 * when that tab has gone. Invariant: it takes the lease from another tab only when the person says so.
 */

import type { LeaseChannel, LeaseEnd } from '../../ipc/compute-serve.ts'
import { serveLease } from '../../ipc/compute-serve.ts'
import type { LeaseState } from '../../ipc/snapshot.ts'
import type { Clock } from '../../lib/runtime.ts'
import type { ComputePort } from '../../protocol/compute.ts'
import type { InferencePort } from '../../protocol/inference.ts'
import type { TabRole } from './screen-store.ts'

const WORKING_INTERVAL_MS = 10_000
const RETRY_MS = 1_000

export interface LeaseKeeperComponents {
  readonly compute: ComputePort
  readonly inference: InferencePort
  readonly clock: Clock
  readonly onRole: (role: TabRole) => void
}

interface Connection {
  readonly channel: LeaseChannel
  readonly signal: AbortSignal
}

export class LeaseKeeper {
  readonly #components: LeaseKeeperComponents
  readonly #clientId: string
  #connection: Connection | undefined
  #isServing = false
  #isResting = false
  #isFree = true

  constructor(components: LeaseKeeperComponents, clientId: string) {
    this.#components = components
    this.#clientId = clientId
  }

  /** A new connection to the host; `signal` ends with it. */
  connect(channel: LeaseChannel, signal: AbortSignal): void {
    this.#connection = { channel, signal }
    this.#isResting = false
    void this.#serve(this.#connection, false)
  }

  /** The host's word on who holds the lease, from each snapshot. */
  onLease(lease: LeaseState): void {
    this.#isFree = lease.state === 'free' || lease.clientId === this.#clientId
    this.#askAgain()
  }

  takeOver(): void {
    if (this.#connection !== undefined && !this.#isServing) {
      this.#components.onRole('taking_over')
      void this.#serve(this.#connection, true)
    }
  }

  #askAgain(): void {
    if (this.#isFree && !this.#isServing && !this.#isResting && this.#connection?.signal.aborted === false) {
      void this.#serve(this.#connection, false)
    }
  }

  async #serve(connection: Connection, force: boolean): Promise<void> {
    const { compute, inference, clock, onRole } = this.#components
    this.#isServing = true
    const end = await serveLease(
      { channel: connection.channel, compute, inference, clock, onGranted: () => onRole('computing') },
      { clientId: this.#clientId, force, workingIntervalMs: WORKING_INTERVAL_MS },
      connection.signal,
    ).catch((): LeaseEnd => 'ended')
    if (this.#connection !== connection) {
      return
    }
    onRole(end === 'ended' ? 'starting' : 'elsewhere')
    this.#isServing = false
    // What the host said about the lease may be older than this end, so the next question waits a little.
    this.#isResting = true
    await clock.sleep(RETRY_MS, connection.signal).catch(() => undefined)
    if (this.#connection === connection) {
      this.#isResting = false
      this.#askAgain()
    }
  }
}
