import type { Params, ShapeName } from './params.ts'

/** What a chain starts from. The file form is decoded in chain-node (genesis-file.ts), in CometBFT's genesis.json layout. */
export interface Genesis {
  readonly chainId: string
  /** Unix milliseconds. */
  readonly timeMs: number
  readonly params: Params
  readonly accounts: readonly { readonly address: string; readonly amount: bigint }[]
  readonly validators: readonly GenesisValidator[]
  /** Hosts that hold one unit of weight each until a first race has settled. */
  readonly hosts: readonly GenesisHost[]
  /** Models that may be ordered. */
  readonly models: readonly GenesisModel[]
}

export interface GenesisModel {
  readonly id: string
  /** SHA-256 of the canonical manifest, 32 bytes. */
  readonly manifestHash: Uint8Array
  readonly contextTokens: number
  /** utail for a million output tokens. */
  readonly price: bigint
}

export interface GenesisValidator {
  /** Ed25519 consensus key, 32 bytes; its address is the first 20 bytes of SHA-256 of it (CometBFT). */
  readonly consensusKey: Uint8Array
  readonly blsPublicKey: Uint8Array
  /** Proof of possession of the BLS secret. */
  readonly blsPossession: Uint8Array
  /** Before the first race that counts a share without a unit (docs/decisions/0020-consensus-power.md). */
  readonly power: bigint
  /** Owner address of the genesis host whose key it is; absent: a key without a host, which bootstraps the network. */
  readonly owner?: string
  /** secp256k1, 33 bytes: signs heartbeats and votes on upgrades; absent: the owner's key votes, and nobody posts heartbeats. */
  readonly nodePublicKey?: Uint8Array
}

export interface GenesisHost {
  readonly owner: string
  readonly devicePublicKey: Uint8Array
  readonly peerId: string
  readonly shape: ShapeName
  readonly moniker: string
}
