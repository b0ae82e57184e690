/** What to do about a failure, by its code; undefined where the message says all. */
const ADVICE: Readonly<Record<string, string>> = {
  bad_usage: 'See `tailrace help`.',
  already_running: 'Open its screen, or stop that process first.',
  screen_not_built: 'Run `npm run build`, or start with `npm start`.',
  port_taken: 'Choose another with --screen-port or --rpc-port (0 = any free port).',
  damaged_file: 'Nothing was overwritten. A local network can be begun anew with --reset.',
  invalid_genesis: 'A local network can be begun anew with --reset.',
  state_mismatch: 'The stored state is damaged. A local network can be begun anew with --reset.',
  chain_unreachable: 'Is the chain node running, and is the RPC address right?',
  store_in_use: 'Another process of this program uses this folder: stop it first, or use another --home.',
  malformed_bundle: 'A receipt file begins with {"format":"tailrace-receipt/1".',
  deposit_refused:
    'Is there enough in the account? On a local network the account of the folder `developer` is funded.',
  wrong_chain: 'The RPC address belongs to another network.',
}

export function adviceFor(code: string): string | undefined {
  return Object.hasOwn(ADVICE, code) ? ADVICE[code] : undefined
}
