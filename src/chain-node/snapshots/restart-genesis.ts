/**
 * The genesis of a network that begins anew with what another one had come to: same accounts with all their money, active hosts,
 * models at their prices, parameters, and those validators whose proof of possession is known. Invariant: every unit is given to
 * somebody or reported: Σ accounts = Σ balances + held + bonds + escrows; the pool is nobody's and stays behind.
 * What ends with the old network: open orders, batches and checks (their escrows go back whole), races, weights, reputation, ledgers.
 */
import type { StateStore } from '../../chain/application.ts'
import { readSupply } from '../../chain/state/bank.ts'
import { isUsable, listValidators } from '../../chain/state/consensus/validators.ts'
import { listHosts } from '../../chain/state/hosts.ts'
import { balanceRange } from '../../chain/state/keys.ts'
import { readParams } from '../../chain/state/params-record.ts'
import { contentOf, listEscrows } from '../../chain/state/work/escrows.ts'
import { listModels } from '../../chain/state/work/models.ts'
import { bytesToBigint, equalBytes, toHex } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { encodeAddress } from '../../protocol/address.ts'
import type { Genesis, GenesisHost, GenesisValidator } from '../../protocol/genesis.ts'
import type { ShapeName } from '../../protocol/params.ts'
import { GENESIS_LIMITS } from '../genesis-file.ts'

export interface RestartOptions {
  /** Of the new network: another one than before, or signatures of the old network would count in it. */
  readonly chainId: string
  /** Its first block's earliest time, Unix milliseconds. */
  readonly timeMs: number
}

export interface RestartReport {
  /** utail that no account has: the pool. */
  readonly leftBehind: bigint
  /** Consensus addresses with power whose keys have to be registered again: the state does not hold their proofs of possession. */
  readonly validatorsLeftOut: readonly string[]
}

/**
 * @param old genesis of the network that ends; it has the proofs of possession of its validators
 * @throws CodedError `export_too_large` where a genesis file cannot hold it, `no_validators` where none could be carried over,
 *   `same_chain_id`
 */
export function restartGenesis(
  state: StateStore,
  old: Genesis,
  { chainId, timeMs }: RestartOptions,
): { readonly genesis: Genesis; readonly report: RestartReport } {
  if (chainId === old.chainId) {
    throw new CodedError('same_chain_id', 'a network that begins anew needs a chain id of its own')
  }
  const { validators, leftOut } = carriedValidators(state, old)
  const accounts = [...moneyOf(state)].map(([address, amount]) => ({ address, amount }))
  const hosts = carriedHosts(state)
  requireRoom({ accounts: accounts.length, hosts: hosts.length })
  const models = listModels(state).map(({ id, manifestHash, contextTokens, price }) => ({
    id,
    manifestHash,
    contextTokens,
    price,
  }))
  const genesis = { chainId, timeMs, params: readParams(state), accounts, validators, hosts, models }
  return { genesis, report: { leftBehind: readSupply(state).pool, validatorsLeftOut: leftOut } }
}

/** By address, ascending: balances, what is held and bonded to each owner, escrows to whoever opened them. */
function moneyOf(state: StateStore): ReadonlyMap<string, bigint> {
  const money = new Map<string, bigint>()
  const give = (owner: Uint8Array, amount: bigint): void => {
    if (amount > 0n) {
      const address = encodeAddress(owner)
      money.set(address, (money.get(address) ?? 0n) + amount)
    }
  }
  const { from, to } = balanceRange()
  for (const [key, value] of state.range(from, to)) {
    give(key.slice(1), bytesToBigint(value))
  }
  for (const { owner, held, bond } of listHosts(state)) {
    give(owner, BigInt(held) + BigInt(bond))
  }
  for (const escrow of listEscrows(state)) {
    give(escrow.owner, contentOf(escrow))
  }
  return new Map([...money].sort(([a], [b]) => (a < b ? -1 : 1)))
}

function carriedHosts(state: StateStore): GenesisHost[] {
  return listHosts(state)
    .filter(({ active }) => active)
    .map(({ owner, devicePubkey, peerId, shape, moniker }) => ({
      owner: encodeAddress(owner),
      devicePublicKey: devicePubkey,
      peerId,
      // Only the two that there are were ever written.
      shape: shape as ShapeName,
      moniker,
    }))
}

function carriedValidators(
  state: StateStore,
  old: Genesis,
): { readonly validators: readonly GenesisValidator[]; readonly leftOut: readonly string[] } {
  const validators: GenesisValidator[] = []
  const leftOut: string[] = []
  for (const { address, record } of listValidators(state)) {
    if (isUsable(record) && record.enginePower > 0n) {
      const known = old.validators.find(({ consensusKey }) => equalBytes(consensusKey, record.consensusKey))
      if (known === undefined) {
        leftOut.push(toHex(address))
      } else {
        validators.push({ ...known, power: record.enginePower })
      }
    }
  }
  if (validators.length === 0) {
    throw new CodedError(
      'no_validators',
      'no validator of the old genesis has power: a new genesis needs others by hand',
    )
  }
  return { validators, leftOut }
}

function requireRoom(counts: Readonly<Record<'accounts' | 'hosts', number>>): void {
  for (const [name, count] of Object.entries(counts)) {
    const limit = GENESIS_LIMITS[name as keyof typeof counts]
    if (count > limit) {
      throw new CodedError('export_too_large', `a genesis has at most ${limit} ${name}, here are ${count}`, {
        fields: { name, count, limit },
      })
    }
  }
}
