/**
 * The one way to a signature. Keys stay with whoever implements this (the desktop's main process, or the service itself); everybody else
 * hands in bytes and gets 64 bytes back. Invariant: a signer reads what it signs and refuses what its key has no business with, so a
 * process that was taken over can't move money by calling it. Every implementation runs test/conformance/signer.ts.
 * Read next: sign-policy.ts (what each key may sign), local-signer.ts, key-ports.ts (the host's ports over it).
 */

/** What the device key signs beside transactions; each has its own domain in src/protocol. */
export const DUTY_KINDS = [
  'registration',
  'heartbeat',
  'race_challenge',
  'receipt',
  'refusal',
  'batch_announcement',
  'check_request',
] as const
export type DutyKind = (typeof DUTY_KINDS)[number]

export interface HostIdentity {
  readonly ownerAddress: string
  /** Compressed, 33 bytes. */
  readonly ownerPublicKey: Uint8Array
  readonly deviceAddress: string
  /** Compressed, 33 bytes. */
  readonly devicePublicKey: Uint8Array
}

export interface Signer {
  readonly identity: HostIdentity
  /** Whether the owner key can sign now; false while the wallet is locked. */
  isOwnerOpen(): Promise<boolean>
  /**
   * Signs SHA-256 of a SIGN_MODE_DIRECT document: 64 bytes, low s.
   * @throws CodedError `wallet_locked` (owner key), `signing_refused` [messages] where the document holds what this key may not sign:
   * the device key signs duty messages alone; the owner key signs registration and activity of this very host by itself, anything
   * else only after a person confirmed exactly that one.
   */
  signTx(key: 'owner' | 'device', document: Uint8Array): Promise<Uint8Array>
  /**
   * Signs a duty with the device key: 64 bytes. `message` is the text that is hashed (`heartbeatBytes`, `receiptBytes` … of
   * src/protocol: domain and parts), so that a signer can read it; what is signed is SHA-256 of its SHA-256.
   * @throws CodedError `signing_refused` where it is no such duty or speaks for another host
   */
  signDuty(kind: DutyKind, message: Uint8Array): Promise<Uint8Array>
}
