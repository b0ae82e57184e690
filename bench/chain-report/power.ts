import type { PowerKey } from '../../src/chain/consensus/power.ts'
import { computePower } from '../../src/chain/consensus/power.ts'
import { u32be } from '../../src/lib/bytes.ts'
import { sumBigint } from '../../src/lib/fixed-point.ts'
import { sha256 } from '../../src/protocol/hash.ts'
import { PUBLIC_PARAMS } from '../../src/protocol/params.ts'
import { cpuMs } from './cpu-clock.ts'

/** Consensus power of a settle with so many keys. */
export interface PowerCost {
  readonly keys: number
  readonly ms: number
}

export function measurePower(count: number): PowerCost {
  const keys = Array.from({ length: count }, (_, at) => keyAt(at))
  const totalWeight = sumBigint(keys.map(({ own, carried }) => own + carried))
  const input = { keys, totalWeight, params: PUBLIC_PARAMS.consensus }
  // Once for the compiler.
  computePower(input)
  const startMs = cpuMs()
  for (let run = 0; run < RUNS; run++) {
    computePower(input)
  }
  return { keys: count, ms: (cpuMs() - startMs) / RUNS }
}

/** One of them is below what the clock can tell. */
const RUNS = 200

function keyAt(at: number): PowerKey {
  const weight = 1_000_000n + BigInt(at * 7_919)
  return {
    address: sha256(u32be(at)).slice(0, 20),
    power: at % 5 === 0 ? 0n : weight,
    inherited: 0n,
    own: weight + BigInt(at % 11) * 1_000n,
    carried: at % 3 === 0 ? weight : 0n,
    entitled: 0n,
    held: undefined,
    beats: at % 7 !== 0,
  }
}
