/** What this layer asks of its surroundings to bind a peer to an address: the registrations on the chain. */
export interface PeerDirectory {
  /** The registered host of a peer id; undefined where nobody registered it. */
  hostOfPeer(peerId: string): RegisteredPeer | undefined
  currentEpoch(): bigint
}

export interface RegisteredPeer {
  /** Owner address. */
  readonly owner: string
  /** Compressed secp256k1, 33 bytes. */
  readonly devicePublicKey: Uint8Array
}
