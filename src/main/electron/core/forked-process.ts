/** A process that main forked, without Electron's types: what CoreKeeper needs of one. electron-processes.ts makes it of utilityProcess. */

/** A port on its way to another process. */
export interface TransferPort {
  close(): void
}

export interface ForkedProcess {
  post(message: unknown, ports: readonly TransferPort[]): void
  onMessage(listener: (message: unknown) => void): void
  onStart(listener: (pid: number) => void): void
  onLine(listener: (stream: 'stdout' | 'stderr', text: string) => void): void
  /** Called once for each listener, also where it has ended before. */
  onExit(listener: (code: number) => void): void
  /** Ends it at once. */
  kill(): void
}

/** The core itself, or a member of the local network with its subcommand. */
export type ForkRequest =
  | { readonly kind: 'core' }
  | { readonly kind: 'member'; readonly name: string; readonly args: readonly string[] }

export type ForkProcess = (request: ForkRequest) => ForkedProcess
