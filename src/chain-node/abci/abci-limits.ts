/** Bounds of the ABCI server beside those of each request (protocol/abci/codec.ts). */
export const ABCI_LIMITS = {
  /** CometBFT opens four; a restarted one may come before the system has told that the old ones are gone. */
  connections: 16,
  /** Answers that one peer has not read yet: over this nothing more of it is read. One answer may go beyond. */
  unreadBytes: 1024 * 1024,
  /** Requests of one connection that are answered in a row before others have their turn. */
  turn: 16,
  /** A peer that leaves a request unfinished or its answers unread for so long is dropped. */
  stuckMs: 60_000,
  /** Of a unix socket, as the system has it (sun_path). */
  pathBytes: 107,
} as const
