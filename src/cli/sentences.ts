/** What to do about a failure, by its code; undefined where the message says all. */
import type { ErrorFields } from '../lib/coded-error.ts'

type Advice = string | ((fields: ErrorFields) => string)

const ADVICE: Readonly<Record<string, Advice>> = {
  bad_usage: ({ command }) =>
    command === undefined ? 'See `tailrace help`.' : `See \`tailrace help ${String(command)}\`.`,
  bad_environment: 'Correct or unset the variable.',
  confirmation_needed: 'Nobody can be asked here. Add --yes to do it.',
  declined: 'It is as it was.',
  not_running: ({ home }) => `Start it with \`tailrace start\`; another data folder is named by --home${at(home)}.`,
  not_answering: 'It may be starting or stopping: try again in a moment. If it stays so, end that process.',
  connection_lost: 'It may have been stopped. `tailrace status` tells.',
  contract_mismatch: 'The running application is another version. Stop it and start it again.',
  interrupted: 'What was begun goes on; `tailrace status` tells how far it is.',
  timed_out: 'What was begun goes on; `tailrace status` and `tailrace doctor` tell what it waits for.',
  join_failed: '`tailrace doctor` tells what stands in the way.',
  already_running: 'Open its screen with `tailrace open`, or stop it with `tailrace stop`.',
  screen_not_built: 'Run `npm run build`, or start with `npm start`.',
  port_taken: 'Choose another with --screen-port or --rpc-port (0 = any free port).',
  damaged_file: 'Nothing was overwritten. A local network can be begun anew with --reset.',
  settings_damaged: 'Nothing was overwritten. Correct the file, or move it away to begin with the defaults.',
  settings_not_written: 'Is the disk full, or the folder another user’s? `tailrace doctor` tells.',
  setting_fixed: ({ where }) => `Change it there, or start without it: ${String(where ?? 'flag or variable')}.`,
  unavailable: 'This shell does not have it; `tailrace settings get` lists what there is.',
  newer_data: 'Install the newer Tailrace again; this one leaves the data as it is.',
  file_unreadable: 'Does the file belong to you? `tailrace doctor` looks at all of them.',
  invalid_genesis: 'A local network can be begun anew with --reset.',
  state_mismatch: 'The stored state is damaged. A local network can be begun anew with --reset.',
  chain_unreachable: 'Is the chain node running, and is the RPC address right?',
  store_in_use: 'Another process of this program uses this folder: stop it first, or use another --home.',
  address_in_use: 'Another process listens there: stop it first, or give this one another address.',
  invalid_address: 'An address is tcp://127.0.0.1:26658 or unix:///path/app.sock, with a short path.',
  listen_failed: 'Is the address one of this machine, and may this user listen there?',
  malformed_bundle: 'A receipt file begins with {"format":"tailrace-receipt/1".',
  receipt_pending: 'It is there once its batch is on the chain; `tailrace receipt list` tells.',
  deposit_refused:
    'Is there enough in the account? On a local network the account of the folder `developer` is funded.',
  wrong_chain: 'The RPC address belongs to another network.',
  wallet_missing: 'Put the file back from a copy. To begin anew, move keys.json of the same folder away first.',
  wallet_needed: '`tailrace wallet` works on it while the application runs.',
  passphrase_weak: 'Four unrelated words do well. Nothing was changed.',
  passphrase_mismatch: 'Type it again, twice alike.',
  system_store_failed: 'Unlock the key store of this session, or restore the wallet from its words.',
  tx_superseded: 'Nothing was sent. Look at the balance, then send again.',
  no_answer: 'Pipe in one line for each question, or run it in a terminal.',
  wallet_locked: 'Unlock it with `tailrace wallet unlock`.',
  wrong_passphrase: 'Try again; nothing was changed. The words of the wallet restore it without the passphrase.',
  bad_words: 'Look at the word of that place again; nothing was changed.',
  insufficient_funds: '`tailrace wallet show` tells the balance; held earnings are not yet in it.',
  unknown_model: '`tailrace models list` tells which there are.',
  not_found: '`tailrace logs --list` tells which files there are.',
  cannot_write: 'Name another file with --output.',
  no_cometbft:
    'Install it with `npm run cometbft` (needs Go), or unpack a release of CometBFT 0.38 and name its program by TAILRACE_COMETBFT.',
  node_running: 'Stop it first: end that process, or the service that runs it.',
  not_a_node: 'Make it one with `tailrace node init`.',
  no_genesis:
    'Get the genesis.json of the network and put it there, or begin a network with `tailrace node init --chain-id`.',
  genesis_mismatch: 'Use another --home for another network; nothing was changed.',
  sign_state_missing:
    'Put it back from the newest copy of that folder, or let a new node catch up with a new key: what was signed once must not be signed again.',
  network_mismatch: 'Start it with the same numbers, or begin another with --reset or --home.',
  no_free_port: 'End some of the programs that listen on this computer.',
  child_failed: 'The folder `logs` in its data folder says why.',
  child_timeout: 'The folder `logs` in its data folder says how far it came; a busy computer may need another try.',
  node_stopped: 'Its own words are above. `tailrace node status` tells whether an upgrade is due.',
  registration_refused: 'The owner needs a host that has weight: let it take part in a race first.',
  key_change_wait: 'A host changes its consensus key once an epoch. The one in force goes on meanwhile.',
  validators_full: 'All places are taken by hosts with more weight. Name a validator that carries this host instead.',
  validator_budget: 'Several registered in the same block: try again in the next.',
  consensus_key_taken: 'Make this node a new key; a key serves one host, and never again once it was replaced.',
  bls_key_taken: 'Make this node new keys: consensus key and BLS key go together.',
  unknown_validator: '`tailrace node status` tells which validators there are.',
  not_the_validator: 'Sign with the owner of its host, or on its node.',
  vote_refused: '`tailrace node status` tells whether this node is a validator and has caught up.',
  upgrade_invalid: 'Choose a height that lies ahead and a version above the one in force.',
  upgrade_needed: 'Install that version of Tailrace and start it on the same folder: it goes on from there.',
  upgrade_too_early: 'Start the version that ran before on the same folder, until that block.',
  app_hash_mismatch: 'The stored state is damaged: `tailrace node snapshot restore`, or let a new node catch up.',
  validator_key_damaged: 'Put the file back from a copy; with a new key it would be another validator.',
  nothing_stored: 'Start the node first; it has something after its first block.',
  snapshot_damaged: '`tailrace node snapshot list` tells which there are.',
  same_chain_id: 'Give it another name: signatures of the old network must not count in the new one.',
  snapshot_failed: 'The state is larger than a snapshot can carry: copy the folder of the stopped node instead.',
  export_too_large:
    'A genesis file cannot hold so many: `tailrace node export` without a new chain id writes all of the state.',
  no_validators: 'Write the validators of the new network into the genesis by hand, each with its proof of possession.',
  snapshot_of_another_chain: 'Take a snapshot of a node of the same network.',
}

export function adviceFor(code: string, fields: ErrorFields = {}): string | undefined {
  const advice = Object.hasOwn(ADVICE, code) ? ADVICE[code] : undefined
  return typeof advice === 'function' ? advice(fields) : advice
}

function at(home: ErrorFields[string] | undefined): string {
  return home === undefined ? '' : ` (this one: ${String(home)})`
}
