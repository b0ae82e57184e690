/** What `tailrace network up` says when the network is there: one JSON line for programs, a few for people. */
import { z } from 'zod'
import type { CliContext } from '../context.ts'
import { pairs } from '../layout.ts'

export const NETWORK_UP = z.strictObject({
  event: z.literal('up'),
  pid: z.int().min(1),
  home: z.string(),
  chainId: z.string(),
  /** RPC of each validator, in order. */
  rpc: z.array(z.url()).min(1),
  openai: z.url(),
  apiKey: z.string().startsWith('tr-'),
  /** Multiaddresses of hosts and gateway. */
  p2p: z.array(z.string()),
})
export type NetworkUp = z.infer<typeof NETWORK_UP>

export function sayNetwork(up: NetworkUp, isJson: boolean, { terminal }: Pick<CliContext, 'terminal'>): void {
  if (isJson) {
    terminal.out(JSON.stringify(up))
    return
  }
  terminal.out(
    pairs([
      ['Network', `${up.chainId} in ${up.home} (process ${up.pid})`],
      ['RPC', up.rpc.join(' ')],
      ['API', up.openai],
      ['API key', up.apiKey],
    ]),
  )
  terminal.say('Stop it with Ctrl-C or `tailrace network down`.')
}
