/**
 * The chain: transfers applied per second, signatures, block and app hash included, with the incremental tree against a tree
 * that is built anew over the whole state in every block. The same signed blocks go through both.
 */
import type { StateChange, StateProof } from '../src/chain/application.ts'
import type { StateTree } from '../src/chain/state-tree.ts'
import { createStateTree } from '../src/chain/state-tree.ts'
import { toHex, u32be } from '../src/lib/bytes.ts'
import { encodeAddress } from '../src/protocol/address.ts'
import { sha256 } from '../src/protocol/hash.ts'
import type { Actor, ChainHarness } from '../test/support/chain/chain-harness.ts'
import { actorNamed, createChainHarness, send } from '../test/support/chain/chain-harness.ts'
import type { BenchRow } from './row.ts'

const ACCOUNTS = 20_000
const BLOCKS = 4
const TRANSFERS_PER_BLOCK = 50

type Entry = readonly [Uint8Array, Uint8Array]

export async function run(): Promise<BenchRow[]> {
  // σ_h is signed and verified once for all chains of a process: neither variant shall pay for it.
  const warm = createChainHarness()
  for (let block = 0; block <= BLOCKS; block++) {
    apply(warm, [])
  }
  const incremental = measure()
  const rehashed = measure(createRehashedTree)
  if (incremental.appHash !== rehashed.appHash) {
    throw new Error('the two trees disagree')
  }
  return [
    {
      name: `MsgSend, blocks of ${TRANSFERS_PER_BLOCK}, ${ACCOUNTS} accounts`,
      variantA: { label: 'incremental tree', value: incremental.rate },
      variantB: { label: 'full re-hash per block', value: rehashed.rate },
      unit: 'transactions/s',
      ratio: incremental.rate / rehashed.rate,
    },
  ]
}

function measure(createTree?: (entries: Iterable<Entry>) => StateTree): { rate: number; appHash: string } {
  const sender = actorNamed('bench sender')
  const others = Array.from({ length: ACCOUNTS }, (_, index) => ({ actor: receiver(index), amount: 1_000n }))
  const chain = createChainHarness({
    accounts: [{ actor: sender, amount: 1_000_000n }, ...others],
    ...(createTree === undefined ? {} : { createTree }),
  })
  apply(chain, signBlock(chain, sender, 0))
  const blocks = Array.from({ length: BLOCKS }, (_, index) => signBlock(chain, sender, index + 1))
  const startMs = performance.now()
  const hashes = blocks.map((txs) => apply(chain, txs))
  const seconds = (performance.now() - startMs) / 1_000
  return { rate: (BLOCKS * TRANSFERS_PER_BLOCK) / seconds, appHash: hashes.at(-1) ?? '' }
}

function signBlock(chain: ChainHarness, sender: Actor, block: number): Uint8Array[] {
  return Array.from({ length: TRANSFERS_PER_BLOCK }, (_, index) =>
    chain.sign(sender, [send(sender, receiver(block * TRANSFERS_PER_BLOCK + index), 1n)], { fee: 1n }),
  )
}

/** Without the harness's recount: that is a test's work, and as long as a re-hash. */
function apply(chain: ChainHarness, txs: readonly Uint8Array[]): string {
  const { appHash, txResults } = chain.app.finalizeBlock(chain.nextBlock(txs))
  if (txResults.some(({ code }) => code !== 0)) {
    throw new Error('a transfer was refused')
  }
  chain.app.commit()
  return toHex(appHash)
}

/** An account that only receives needs no key. */
function receiver(index: number): Actor {
  const nothing = new Uint8Array(0)
  const address = encodeAddress(sha256(u32be(index)).slice(0, 20))
  return { name: `receiver ${index}`, secret: nothing, publicKey: nothing, address }
}

/** A tree that remembers entries and hashes all of them at every change. */
function createRehashedTree(entries: Iterable<Entry>): StateTree {
  return rehashedOver(new Map([...entries].map((entry) => [toHex(entry[0]), entry])))
}

function rehashedOver(entries: ReadonlyMap<string, Entry>): StateTree {
  const tree = createStateTree(entries.values())
  return {
    root: tree.root,
    prove: (key: Uint8Array, value: Uint8Array | undefined): StateProof => tree.prove(key, value),
    update(changes: Iterable<StateChange>): StateTree {
      const next = new Map(entries)
      for (const { key, value } of changes) {
        if (value === undefined) {
          next.delete(toHex(key))
        } else {
          next.set(toHex(key), [key, value])
        }
      }
      return rehashedOver(next)
    },
  }
}
