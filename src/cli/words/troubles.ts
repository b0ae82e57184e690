/** What keeps the host from working and what to do, one sentence for each code. */
import type { Trouble, TroubleCode } from '../../ipc/wires/trouble-wire.ts'

type Fields = Trouble['fields']

const TROUBLE_WORDS: Readonly<Record<TroubleCode, (fields: Fields) => string>> = {
  chain_unreachable: (fields) =>
    `The chain at ${say(fields, 'url')} does not answer. Nothing is lost: work that waits is sent when it is back.`,
  chain_catching_up: (fields) =>
    `This host is ${say(fields, 'behindBlocks')} blocks behind the chain and catches up by itself.`,
  chain_halted: (fields) => `No block for ${say(fields, 'seconds')} s. It goes on by itself when the chain does.`,
  gateway_gone: (fields) =>
    `The local gateway does not answer (restarts: ${say(fields, 'restarts')}). See \`tailrace logs --file gateway.log\`.`,
  member_failing: (fields) =>
    `${say(fields, 'name')} keeps stopping (restarts: ${say(fields, 'restarts')}). See \`tailrace logs\`.`,
  no_peers: () => 'No other host is connected. Check that a firewall does not block Tailrace.',
  device_lost: (fields) =>
    `The device (${say(fields, 'backend')}) was lost. Close what else uses the GPU, then \`tailrace device check\`.`,
  page_closed: (fields) =>
    `No page lends its GPU; ${say(fields, 'backend')} computes instead. Open it: \`tailrace open\`.`,
  out_of_memory: (fields) => `Too little memory for ${say(fields, 'model', 'stage')}. Close other programs.`,
  model_damaged: (fields) =>
    `A file of ${say(fields, 'model')} is damaged (${say(fields, 'file')}). See \`tailrace models verify\`.`,
  disk_full: (fields) => `The disk of ${say(fields, 'folder')} is full. Racing and serving pause until there is room.`,
  disk_low: (fields) => `Little room is left for ${say(fields, 'folder')} (${say(fields, 'freeBytes')} bytes).`,
  clock_off: (fields) =>
    `The clock of this computer differs from the chain’s by ${say(fields, 'seconds')} s. Turn on network time.`,
  resumed: (fields) => `The computer slept for ${say(fields, 'seconds')} s; the host catches up.`,
  wallet_locked: (fields) =>
    `The wallet is locked and is needed (${say(fields, 'action')}): \`tailrace wallet unlock\`.`,
  device_key_expiring: (fields) =>
    `The device key expires in ${say(fields, 'blocks')} blocks. Unlock the wallet to renew it: \`tailrace wallet unlock\`.`,
}

export function troubleSentence(trouble: Pick<Trouble, 'code' | 'fields'>): string {
  return TROUBLE_WORDS[trouble.code](trouble.fields)
}

function say(fields: Fields, ...names: readonly string[]): string {
  const name = names.find((candidate) => fields[candidate] !== undefined && fields[candidate] !== '')
  return name === undefined ? '…' : String(fields[name])
}
