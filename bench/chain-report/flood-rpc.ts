import { createHash } from 'node:crypto'
import { Agent, request } from 'node:http'

/** As many connections as it is told, each with one request at a time. */
export interface FloodRpc {
  /** Code of the check; −1 where the node refused to look at it. */
  broadcast(tx: Uint8Array): Promise<number>
  height(): Promise<number>
  /** Time of the block and hashes of its transactions, in hexadecimal. */
  block(height: number): Promise<{ readonly timeMs: number; readonly hashes: readonly string[] }>
  close(): void
}

export function openRpc(url: string, connections: number): FloodRpc {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const call = async (method: string, params: unknown): Promise<RpcAnswer> => {
    try {
      return await post(url, agent, method, params)
    } catch {
      // The server closed an idle connection just when it was used again.
      return post(url, agent, method, params)
    }
  }
  return {
    async broadcast(tx) {
      const { result } = await call('broadcast_tx_sync', { tx: Buffer.from(tx).toString('base64') })
      return typeof result?.code === 'number' ? result.code : -1
    },
    async height() {
      return Number((await call('status', {})).result?.sync_info?.latest_block_height ?? 0)
    },
    async block(height) {
      const block = (await call('block', { height: String(height) })).result?.block
      return {
        timeMs: Date.parse(block?.header?.time ?? ''),
        hashes: (block?.data?.txs ?? []).map((tx) => hashName(Buffer.from(tx, 'base64'))),
      }
    },
    close: () => agent.destroy(),
  }
}

export function hashName(tx: Uint8Array): string {
  return createHash('sha256').update(tx).digest('hex')
}

/** What of an answer is read here. */
interface RpcAnswer {
  readonly result?: {
    readonly code?: number
    readonly sync_info?: { readonly latest_block_height?: string }
    readonly block?: {
      readonly header?: { readonly time?: string }
      readonly data?: { readonly txs?: readonly string[] | null }
    }
  }
}

function post(url: string, agent: Agent, method: string, params: unknown): Promise<RpcAnswer> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', agent, headers }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () => {
        try {
          resolve(JSON.parse(Buffer.concat(parts).toString('utf8')) as RpcAnswer)
        } catch (error) {
          reject(error as Error)
        }
      })
    })
    asked.on('error', reject)
    asked.end(body)
  })
}
