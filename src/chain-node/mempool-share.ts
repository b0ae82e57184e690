/**
 * Who goes first when not all that waits fits. Most messages are free, so arrival alone would let whoever sends most keep the
 * others' commits and roots out past their deadlines. A transaction costs the bytes that its signer asks for up to and with
 * it, times a factor: less for duties, least for those of hosts with weight in force. The cheapest go first: a small message
 * cannot be displaced by somebody's large ones, nor a signer's first by another's tenth.
 */
export interface Waiting {
  readonly tx: Uint8Array
  readonly signer: string
  /** TxResult.priority of its check. */
  readonly priority: number
}

export const HIGHEST_PRIORITY = 2
/** By priority: neither duty nor stake, duties of hosts without weight, duties of hosts with weight. */
const FACTORS: readonly number[] = [16, 4, 1]
/** What a transaction costs besides its bytes: a signature check. */
const BASE_COST = 256

/** Cost of each entry; `entries` in the order of arrival. A signer's costs rise, so a choice by cost keeps its sequences whole. */
export function costsOf(entries: readonly Waiting[]): number[] {
  const sums = new Map<string, number>()
  return entries.map((entry) => {
    const sum = (sums.get(entry.signer) ?? 0) + ownCost(entry)
    sums.set(entry.signer, sum)
    return sum
  })
}

/** Cost of an entry that would join behind these. */
export function costOfNext(entries: readonly Waiting[], entry: Waiting): number {
  return entries
    .filter(({ signer }) => signer === entry.signer)
    .reduce((sum, own) => sum + ownCost(own), ownCost(entry))
}

/** The cheapest that fit, in the order of arrival. */
export function chooseFairly(entries: readonly Waiting[], maxTxs: number, maxBytes: number): Waiting[] {
  const costs = costsOf(entries)
  const byCost = entries.map((_, at) => at).sort((a, b) => (costs[a] ?? 0) - (costs[b] ?? 0) || a - b)
  const chosen: number[] = []
  const passedOver = new Set<string>()
  let bytes = 0
  for (const at of byCost) {
    const { tx, signer } = entries[at] as Waiting
    if (chosen.length >= maxTxs) {
      break
    }
    if (passedOver.has(signer) || bytes + tx.length > maxBytes) {
      // What follows it has later sequences.
      passedOver.add(signer)
      continue
    }
    bytes += tx.length
    chosen.push(at)
  }
  return chosen.sort((a, b) => a - b).map((at) => entries[at] as Waiting)
}

function ownCost({ tx, priority }: Waiting): number {
  return (BASE_COST + tx.length) * (FACTORS[priority] ?? 16)
}
