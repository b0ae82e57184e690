/** The line with which a child process says that it is up: one JSON object on stdout, decoded by its parent. */
import { z } from 'zod'

export const READY_LINE = z.strictObject({
  event: z.literal('ready'),
  role: z.enum(['node', 'app', 'host', 'gateway']),
  /** Base URL of the RPC, for a node. */
  rpc: z.url().max(256).optional(),
  /** Where the application listens for CometBFT, for an app. */
  abci: z.string().max(256).optional(),
  /** Base URL of the OpenAI-compatible API, for a gateway. */
  openai: z.url().max(256).optional(),
  /** Multiaddresses with peer id, for a host or a gateway. */
  p2p: z.array(z.string().max(256)).max(16).optional(),
  /** Owner address, for a host. */
  address: z.string().max(64).optional(),
})
export type ReadyLine = z.infer<typeof READY_LINE>

export function printReady(line: ReadyLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** The ready line in a piece of a child's output, or undefined for anything else it prints. */
export function parseReady(text: string): ReadyLine | undefined {
  if (!text.startsWith('{') || text.length > 8_192) {
    return undefined
  }
  try {
    const parsed = READY_LINE.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : undefined
  } catch {
    // Some other line that starts with a brace.
    return undefined
  }
}
