/**
 * Who goes first when not all that waits fits. Three lanes: duties of hosts with weight in force, other duties, and what pays a
 * fee. Duties are free, so arrival alone would let whoever sends most keep the others' commits and roots out past their
 * deadlines: inside a lane of duties the signer that asks for the fewest bytes goes first. In the paid lane the fee per byte
 * decides. Each of the two lower lanes keeps a share, so that nothing starves. Invariant: a signer's transactions rank in the
 * order of its sequences, in whatever lanes they are.
 */
export interface Waiting {
  /** Hexadecimal hash. */
  readonly name: string
  readonly tx: Uint8Array
  readonly signer: string
  /** utail. */
  readonly fee: bigint
  readonly lane: Lane
  /** Higher goes first inside the lane. */
  readonly merit: number
  /** Sum of costs of the signer's transactions up to and with this one. */
  readonly cost: number
  /** Rises with each transaction that came. */
  readonly arrival: number
}

/** 2: duties of hosts with weight, 1: other duties, 0: the rest. As TxResult.priority. */
export type Lane = 0 | 1 | 2

export const HIGHEST_LANE: Lane = 2
/** The best first. */
export const LANES: readonly Lane[] = [2, 1, 0]
/** Of pool and block, one part in so many is kept for each of the lower lanes while they use it. */
export const RESERVED_PART = 8
/** What a transaction costs besides its bytes: a signature check. */
const BASE_COST = 256

/** What is known of a transaction before its place among the others is. */
export type Arriving = Pick<Waiting, 'name' | 'tx' | 'signer' | 'fee' | 'arrival'> & { readonly lane: Lane }

/** Its place behind the last one that waits of the same signer: never before it, or its sequence would come too early. */
export function rankBehind(last: Waiting | undefined, arriving: Arriving): Waiting {
  const { tx, fee } = arriving
  const cost = (last?.cost ?? 0) + BASE_COST + tx.length
  const lane = last !== undefined && last.lane < arriving.lane ? last.lane : arriving.lane
  const own = lane === 0 ? Number(fee) / tx.length : -cost
  const merit = last !== undefined && last.lane === lane ? Math.min(own, last.merit) : own
  return { ...arriving, lane, merit, cost }
}

/** Negative where `a` goes first. Of one lane. */
export function compareRank(a: Waiting, b: Waiting): number {
  return b.merit - a.merit || a.arrival - b.arrival
}

/** The transactions of one lane, the best first. Adding and removing cost a binary search and one move of array entries. */
export class RankedLane {
  readonly #ranked: Waiting[] = []
  #bytes = 0

  get size(): number {
    return this.#ranked.length
  }

  get sizeBytes(): number {
    return this.#bytes
  }

  add(entry: Waiting): void {
    this.#ranked.splice(this.#placeOf(entry), 0, entry)
    this.#bytes += entry.tx.length
  }

  remove(entry: Waiting): void {
    const at = this.#placeOf(entry)
    if (this.#ranked[at]?.name === entry.name) {
      this.#ranked.splice(at, 1)
      this.#bytes -= entry.tx.length
    }
  }

  clear(): void {
    this.#ranked.length = 0
    this.#bytes = 0
  }

  bestFirst(): readonly Waiting[] {
    return this.#ranked
  }

  /** Must not change meanwhile. */
  *worstFirst(): Generator<Waiting> {
    for (let at = this.#ranked.length - 1; at >= 0; at--) {
      yield this.#ranked[at] as Waiting
    }
  }

  #placeOf(entry: Waiting): number {
    let [low, high] = [0, this.#ranked.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (compareRank(this.#ranked[middle] as Waiting, entry) < 0) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }
}

export interface Room {
  readonly txs: number
  readonly bytes: number
}

/**
 * What a block takes: first each lane up to its share, then whatever fits, the best lane first. In the order of arrival: all of
 * them are in the block alike, and a payment may live on one that came before it.
 */
export function chooseForBlock(lanes: ReadonlyMap<Lane, RankedLane>, room: Room): Waiting[] {
  const choice = new Choice(room)
  const part: Room = { txs: Math.floor(room.txs / RESERVED_PART), bytes: Math.floor(room.bytes / RESERVED_PART) }
  const lower = LANES.length - 1
  const first: Room = { txs: room.txs - lower * part.txs, bytes: room.bytes - lower * part.bytes }
  for (const lane of LANES) {
    choice.take(lanes.get(lane)?.bestFirst() ?? [], lane === HIGHEST_LANE ? first : part)
  }
  for (const lane of LANES) {
    choice.take(lanes.get(lane)?.bestFirst() ?? [], room)
  }
  return choice.chosen.sort((a, b) => a.arrival - b.arrival)
}

class Choice {
  readonly chosen: Waiting[] = []
  readonly #room: Room
  readonly #names = new Set<string>()
  #bytes = 0

  constructor(room: Room) {
    this.#room = room
  }

  /** Those that fit, at most `share` of them. Where one does not fit, what follows it has later sequences. */
  take(ranked: readonly Waiting[], share: Room): void {
    const passedOver = new Set<string>()
    let [txs, bytes] = [0, 0]
    for (const entry of ranked) {
      if (this.chosen.length >= this.#room.txs || txs >= share.txs) {
        return
      }
      if (this.#names.has(entry.name) || passedOver.has(entry.signer)) {
        continue
      }
      const size = entry.tx.length
      if (this.#bytes + size > this.#room.bytes || bytes + size > share.bytes || !this.#isNext(entry)) {
        passedOver.add(entry.signer)
        continue
      }
      txs += 1
      bytes += size
      this.#add(entry)
    }
  }

  /** Bytes that the signer asked for before this one, all in the block already: nothing of it is left out. */
  #isNext({ signer, cost, tx }: Waiting): boolean {
    return (this.#taken.get(signer) ?? 0) === cost - BASE_COST - tx.length
  }

  readonly #taken = new Map<string, number>()

  #add(entry: Waiting): void {
    this.#bytes += entry.tx.length
    this.#names.add(entry.name)
    this.#taken.set(entry.signer, entry.cost)
    this.chosen.push(entry)
  }
}
