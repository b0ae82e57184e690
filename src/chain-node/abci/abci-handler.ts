/**
 * Each request of ABCI 2.0 and who answers it. Invariant: all but the snapshots' are answered at once, in one synchronous step,
 * so what four connections ask of one state machine never overlaps.
 */
import type { AbciAnswerOf, AbciKind, AbciRequest, AbciRequestOf } from '../../protocol/abci/codec.ts'
import { encodeAbciAnswer, VERDICT } from '../../protocol/abci/codec.ts'
import { retainHeight } from '../snapshots/retain-height.ts'
import type { AnswerRequest } from './abci-connection.ts'
import { answerAbciQuery } from './abci-queries.ts'
import type { AppChain } from './app-chain.ts'
import { finalizeAnswer } from './block-answers.ts'
import { decidedInput } from './block-input.ts'
import { checkGenesis } from './genesis-check.ts'
import type { MempoolMirror } from './mempool-mirror.ts'
import type { Proposals } from './proposals.ts'
import type { SnapshotPort } from './snapshot-port.ts'
import { chunkAnswer, offerAnswer } from './snapshot-port.ts'

export interface HandlerComponents {
  readonly chain: AppChain
  readonly mempool: MempoolMirror
  readonly proposals: Proposals
  readonly snapshots: SnapshotPort
}

export interface HandlerOptions {
  /** Of the program, for people. */
  readonly version: string
  /** Blocks that CometBFT keeps at least; 0: all. */
  readonly minRetainBlocks: number
}

type Answer<K extends AbciKind> = AbciAnswerOf<K> | Promise<AbciAnswerOf<K>>
type Handlers = { readonly [K in AbciKind]: (request: AbciRequestOf<K>) => Answer<K> }

const EMPTY = new Uint8Array(0)

export function createAbciHandler(components: HandlerComponents, options: HandlerOptions): AnswerRequest {
  const handlers = handlersOf(components, options)
  return (request) => answerWith(handlers, request)
}

function answerWith<K extends AbciKind>(
  handlers: Handlers,
  request: AbciRequest & { kind: K },
): ReturnType<AnswerRequest> {
  const kind: K = request.kind
  // Request and handler are of one kind: TypeScript does not follow the pair.
  const handle = handlers[kind] as (value: AbciRequest['value']) => Answer<K>
  const answer = handle(request.value)
  return answer instanceof Promise
    ? answer.then((value) => encodeAbciAnswer(kind, value))
    : encodeAbciAnswer(kind, answer as AbciAnswerOf<K>)
}

function handlersOf({ chain, mempool, proposals, snapshots }: HandlerComponents, options: HandlerOptions): Handlers {
  return {
    echo: ({ message }) => ({ message }),
    flush: () => ({}),
    info: () => infoAnswer(chain, options),
    initChain(request) {
      checkGenesis(request, chain.genesis)
      return { validators: [], appHash: chain.initialise() }
    },
    query: (request) => answerAbciQuery(chain, request),
    checkTx: (request) => mempool.check(request),
    prepareProposal: (request) => proposals.prepare(request),
    processProposal: (request) => proposals.process(request),
    // Never asked, as the genesis does not enable them: why in docs/decisions/0021.
    extendVote: () => ({ voteExtension: EMPTY }),
    verifyVoteExtension: ({ voteExtension }) => ({
      status: voteExtension.length === 0 ? VERDICT.accept : VERDICT.reject,
    }),
    finalizeBlock: (request) => finalizeAnswer(chain.finalize(decidedInput(request))),
    commit() {
      chain.commit()
      return { retainHeight: retainHeight(chain.tip.height, options.minRetainBlocks, snapshots.oldest()) }
    },
    listSnapshots: async () => ({ snapshots: [...(await snapshots.list())] }),
    offerSnapshot: async ({ snapshot, appHash }) =>
      offerAnswer(snapshot === undefined ? 'reject' : await snapshots.offer(snapshot, appHash)),
    loadSnapshotChunk: async ({ height, format, chunk }) => ({
      chunk: (await snapshots.load(height, format, chunk)) ?? EMPTY,
    }),
    applySnapshotChunk: async ({ index, chunk, sender }) =>
      chunkAnswer(await snapshots.applyChunk(index, chunk, sender)),
  }
}

function infoAnswer(chain: AppChain, { version }: HandlerOptions): AbciAnswerOf<'info'> {
  const { height, appHash } = chain.tip
  return {
    data: 'tailrace',
    version,
    // Of the rules in force: CometBFT writes it into the headers of a new chain.
    appVersion: BigInt(chain.application.info().appVersion),
    lastBlockHeight: height,
    lastBlockAppHash: appHash,
  }
}
