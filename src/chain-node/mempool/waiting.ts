import type { Arriving, Lane, Room, Waiting } from './lanes.ts'
import { chooseForBlock, compareRank, LANES, RankedLane, RESERVED_PART, rankBehind } from './lanes.ts'

/**
 * What waits: by hash, by signer in the order of sequences, and by rank. Invariant: the three hold the same transactions, and
 * a transaction is given up only together with those of its signer that follow it.
 */
export class WaitingLanes {
  readonly #room: Room
  readonly #byName = new Map<string, Waiting>()
  readonly #bySigner = new Map<string, Waiting[]>()
  readonly #lanes = new Map<Lane, RankedLane>(LANES.map((lane) => [lane, new RankedLane()]))
  #sizeBytes = 0

  constructor(room: Room) {
    this.#room = room
  }

  get size(): number {
    return this.#byName.size
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  sizeOf(lane: Lane): number {
    return this.#lane(lane).size
  }

  all(): Iterable<Waiting> {
    return this.#byName.values()
  }

  get(name: string): Waiting | undefined {
    return this.#byName.get(name)
  }

  ofSigner(signer: string): readonly Waiting[] {
    return [...(this.#bySigner.get(signer) ?? [])]
  }

  /** The place that it would have. */
  rankOf(arriving: Arriving): Waiting {
    return rankBehind(this.#bySigner.get(arriving.signer)?.at(-1), arriving)
  }

  choose(room: Room): Waiting[] {
    return chooseForBlock(this.#lanes, room)
  }

  add(entry: Waiting): void {
    this.#byName.set(entry.name, entry)
    const own = this.#bySigner.get(entry.signer)
    if (own === undefined) {
      this.#bySigner.set(entry.signer, [entry])
    } else {
      own.push(entry)
    }
    this.#lane(entry.lane).add(entry)
    this.#sizeBytes += entry.tx.length
  }

  remove(name: string): void {
    const entry = this.#byName.get(name)
    if (entry === undefined) {
      return
    }
    this.#byName.delete(name)
    this.#lane(entry.lane).remove(entry)
    this.#sizeBytes -= entry.tx.length
    const left = (this.#bySigner.get(entry.signer) ?? []).filter((other) => other.name !== name)
    if (left.length === 0) {
      this.#bySigner.delete(entry.signer)
    } else {
      this.#bySigner.set(entry.signer, left)
    }
  }

  /** Ranks everything anew: of many signers the first transactions are in a block now. */
  rank(): void {
    const queues = [...this.#bySigner.values()]
    this.clear()
    const entries: Waiting[] = []
    for (const queue of queues) {
      let last: Waiting | undefined
      for (const old of queue) {
        last = rankBehind(last, old)
        entries.push(last)
      }
    }
    // In the order of rank each goes to the end of its lane.
    for (const entry of entries.sort(compareRank)) {
      this.#lane(entry.lane).add(entry)
      this.#sizeBytes += entry.tx.length
    }
    for (const entry of entries.sort((a, b) => a.arrival - b.arrival)) {
      this.#byName.set(entry.name, entry)
      const own = this.#bySigner.get(entry.signer)
      if (own === undefined) {
        this.#bySigner.set(entry.signer, [entry])
      } else {
        own.push(entry)
      }
    }
  }

  clear(): void {
    this.#byName.clear()
    this.#bySigner.clear()
    for (const lane of this.#lanes.values()) {
      lane.clear()
    }
    this.#sizeBytes = 0
  }

  /** Who makes room for this transaction: the worst that wait, as long as they rank behind it. Undefined where that is not enough. */
  victimsFor(entry: Waiting): readonly Waiting[] | undefined {
    const missing = {
      txs: this.#byName.size + 1 - this.#room.txs,
      bytes: this.#sizeBytes + entry.tx.length - this.#room.bytes,
    }
    const victims = new Map<string, Waiting>()
    for (const candidate of this.#candidates(entry)) {
      if (missing.txs <= 0 && missing.bytes <= 0) {
        break
      }
      for (const victim of victims.has(candidate.name) ? [] : this.#withFollowers(candidate)) {
        if (!victims.has(victim.name)) {
          victims.set(victim.name, victim)
          missing.txs -= 1
          missing.bytes -= victim.tx.length
        }
      }
    }
    return missing.txs <= 0 && missing.bytes <= 0 ? [...victims.values()] : undefined
  }

  /** The worst lane first, the worst of it first; a lane gives to others no more than what it has above its share. */
  *#candidates(entry: Waiting): Generator<Waiting> {
    const isPoor = !this.#isAboveShare(entry.lane, 1, entry.tx.length)
    for (const lane of [...LANES].reverse()) {
      let [txs, bytes] = [0, 0]
      for (const candidate of this.#lane(lane).worstFirst()) {
        const gives =
          lane === entry.lane
            ? compareRank(entry, candidate) < 0
            : (lane < entry.lane || isPoor) && this.#isAboveShare(lane, -txs, -bytes)
        if (!gives) {
          break
        }
        if (candidate.signer !== entry.signer) {
          txs += 1
          bytes += candidate.tx.length
          yield candidate
        }
      }
    }
  }

  #withFollowers(entry: Waiting): readonly Waiting[] {
    const own = this.#bySigner.get(entry.signer) ?? []
    return own.slice(own.findIndex(({ name }) => name === entry.name))
  }

  #isAboveShare(lane: Lane, moreTxs: number, moreBytes: number): boolean {
    const { size, sizeBytes } = this.#lane(lane)
    return (
      (size + moreTxs) * RESERVED_PART > this.#room.txs || (sizeBytes + moreBytes) * RESERVED_PART > this.#room.bytes
    )
  }

  #lane(lane: Lane): RankedLane {
    return this.#lanes.get(lane) as RankedLane
  }
}
