/**
 * Where the embedded node's RPC and CometBFT's differ on purpose. Nothing that a wallet, CosmJS or our own client relies on may
 * stand here; the suites show that they agree about the rest.
 */
export interface RpcDifference {
  readonly what: string
  readonly why: string
  /** Asks a node at this URL and keeps of the answer what differs. */
  ask(url: string): Promise<unknown>
  readonly embedded: unknown
  readonly comet: unknown
}

interface Answer {
  readonly result?: Record<string, unknown>
  readonly error?: { readonly code: number; readonly data?: string }
}

async function post(url: string, body: unknown): Promise<{ readonly status: number; readonly text: string }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: text })
  return { status: response.status, text: await response.text() }
}

async function call(url: string, method: string, params: unknown = {}): Promise<Answer> {
  return JSON.parse((await post(url, { jsonrpc: '2.0', id: 1, method, params })).text) as Answer
}

const codeOf = ({ error }: Answer): number => error?.code ?? 0
const METHOD_NOT_FOUND = -32601
const INVALID_PARAMS = -32602

export const RPC_DIFFERENCES: readonly RpcDifference[] = [
  {
    what: 'methods about consensus, evidence and blocks by hash',
    why: 'one proposer has no rounds, votes and evidence; nothing of ours asks for a block by its hash',
    ask: async (url) => {
      const methods = ['consensus_state', 'dump_consensus_state', 'unconfirmed_txs', 'genesis_chunked']
      return Promise.all(methods.map(async (method) => codeOf(await call(url, method))))
    },
    embedded: [METHOD_NOT_FOUND, METHOD_NOT_FOUND, METHOD_NOT_FOUND, METHOD_NOT_FOUND],
    comet: [0, 0, 0, 0],
  },
  {
    what: 'an unknown method is named in the error',
    why: 'more than CometBFT says, in the place that it leaves empty',
    ask: async (url) => (await call(url, 'nope')).error?.data,
    embedded: 'no method nope',
    comet: undefined,
  },
  {
    what: 'a body that is no JSON: the HTTP status',
    why: 'clients read the error from the body; CometBFT answers 500 without an id',
    ask: async (url) => (await post(url, 'xx')).status,
    embedded: 200,
    comet: 500,
  },
  {
    what: 'an empty batch',
    why: 'JSON-RPC 2.0 asks for an error; CometBFT says nothing',
    ask: async (url) => (await post(url, [])).text.length > 0,
    embedded: true,
    comet: false,
  },
  {
    what: 'search for events by CONTAINS',
    why: 'the index of the embedded node is a table of equal values',
    ask: async (url) => codeOf(await call(url, 'tx_search', { query: "transfer.amount CONTAINS 'utail'" })),
    embedded: INVALID_PARAMS,
    comet: 0,
  },
  {
    what: 'signatures of a commit',
    why: 'the block of the one proposer is its own vote',
    ask: async (url) => {
      const { result = {} } = await call(url, 'commit', { height: '2' })
      const { commit } = result.signed_header as { commit: { signatures: unknown[] } }
      return commit.signatures.length
    },
    embedded: 0,
    comet: 1,
  },
  {
    what: 'peers',
    why: 'the embedded node listens to none',
    ask: async (url) => (await call(url, 'net_info')).result?.listening,
    embedded: false,
    comet: true,
  },
]
