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
}

export function adviceFor(code: string, fields: ErrorFields = {}): string | undefined {
  const advice = Object.hasOwn(ADVICE, code) ? ADVICE[code] : undefined
  return typeof advice === 'function' ? advice(fields) : advice
}

function at(home: ErrorFields[string] | undefined): string {
  return home === undefined ? '' : ` (this one: ${String(home)})`
}
