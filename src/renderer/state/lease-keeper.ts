/**
 * This tab's part in the compute lease: asks for it on each connection, steps back where another tab has it, and asks again
 * when that tab has gone. Invariant: it takes the lease from another tab only when the person says so.
 */
import type { RelayedCompute } from '../../ipc/compute-port.ts'
import type { LeaseChannel, LeaseEnd } from '../../ipc/compute-serve.ts'
import { serveLease } from '../../ipc/compute-serve.ts'
import type { LeaseState } from '../../ipc/snapshot.ts'
import type { Clock } from '../../lib/runtime.ts'
import type { TabRole } from './screen-store.ts'

const WORKING_INTERVAL_MS = 10_000

export interface LeaseKeeperComponents {
  readonly compute: RelayedCompute
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
  #isElsewhere = false

  constructor(components: LeaseKeeperComponents, clientId: string) {
    this.#components = components
    this.#clientId = clientId
  }

  /** A new connection to the host; `signal` ends with it. */
  connect(channel: LeaseChannel, signal: AbortSignal): void {
    this.#connection = { channel, signal }
    this.#isServing = false
    void this.#serve(this.#connection, false)
  }

  /** The host's word on who holds the lease, from each snapshot. */
  onLease(lease: LeaseState): void {
    const isFree = lease.state === 'free' || lease.clientId === this.#clientId
    if (isFree && this.#isElsewhere && !this.#isServing && this.#connection !== undefined) {
      void this.#serve(this.#connection, false)
    }
  }

  takeOver(): void {
    if (this.#connection !== undefined && !this.#isServing) {
      this.#components.onRole('taking_over')
      void this.#serve(this.#connection, true)
    }
  }

  async #serve(connection: Connection, force: boolean): Promise<void> {
    const { compute, clock, onRole } = this.#components
    this.#isServing = true
    this.#isElsewhere = false
    const end = await serveLease(
      { channel: connection.channel, compute, clock, onGranted: () => onRole('computing') },
      { clientId: this.#clientId, force, workingIntervalMs: WORKING_INTERVAL_MS },
      connection.signal,
    ).catch((): LeaseEnd => 'ended')
    if (this.#connection !== connection) {
      return
    }
    this.#isServing = false
    // An ended channel with an open connection means that the host let go of it: the next snapshot brings it back.
    this.#isElsewhere = !connection.signal.aborted
    onRole(end === 'ended' ? 'starting' : 'elsewhere')
  }
}
