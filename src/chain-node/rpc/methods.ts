import { block, blockchain, blockResults, commit, header } from './block-methods.ts'
import { abciInfo, abciQuery, consensusParams, genesis, health, netInfo, status, validators } from './node-methods.ts'
import type { RpcMethod } from './rpc-method.ts'
import { broadcastTxAsync, broadcastTxCommit, broadcastTxSync, numUnconfirmedTxs, tx, txSearch } from './tx-methods.ts'

/** Every method but subscribe, unsubscribe and unsubscribe_all, which belong to a WebSocket. */
export const RPC_METHODS: Readonly<Record<string, RpcMethod>> = {
  health,
  status,
  abci_info: abciInfo,
  abci_query: abciQuery,
  genesis,
  net_info: netInfo,
  consensus_params: consensusParams,
  validators,
  block,
  block_results: blockResults,
  blockchain,
  commit,
  header,
  broadcast_tx_sync: broadcastTxSync,
  broadcast_tx_async: broadcastTxAsync,
  broadcast_tx_commit: broadcastTxCommit,
  tx,
  tx_search: txSearch,
  num_unconfirmed_txs: numUnconfirmedTxs,
}
