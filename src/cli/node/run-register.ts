import { connectChainClient } from '../../chain-client/create-chain-client.ts'
import { createSigner } from '../../chain-client/tx-signing.ts'
import { toBase64 } from '../../chain-node/base64.ts'
import { readGenesisFile } from '../../chain-node/genesis-file.ts'
import { toHex } from '../../lib/bytes.ts'
import { CodedError } from '../../lib/coded-error.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { genesisPath, openIdentity } from '../../main/cometbft/comet-home.ts'
import { readNodeSettings, rpcUrlOf } from '../../main/cometbft/node-settings.ts'
import { registrationOf } from '../../main/cometbft/registration.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../main/system.ts'
import { addressOfPublicKey, tryDecodeAddress } from '../../protocol/address.ts'
import { MsgRegisterValidator } from '../../protocol/gen/tailrace/v1/tx.ts'
import { publicKeyOf } from '../../protocol/signature.ts'
import type { CliContext } from '../context.ts'
import { payerKey } from '../wallet/payer-key.ts'
import { emit } from '../with-control.ts'

interface RegisterArguments {
  readonly home: string
  readonly host: string | undefined
  readonly owner: string | undefined
  readonly json: boolean
}

/** @throws CodedError `not_a_node`, `no_genesis`, `bad_usage`, `registration_refused`, `chain_unreachable` … */
export async function runNodeRegister(args: RegisterArguments, context: CliContext): Promise<number> {
  const { home, json } = args
  const settings = readNodeSettings(home)
  const genesis = readGenesisFile(genesisPath(home))
  if (settings === undefined || genesis === undefined) {
    throw new CodedError('not_a_node', `${home} is not the folder of a node`, { fields: { home } })
  }
  const identity = openIdentity(home, SYSTEM_RNG)
  if (args.host === undefined) {
    const owner = requireOwner(args.owner)
    const message = registrationOf(identity, genesis.chainId, owner)
    context.terminal.out(JSON.stringify(documentOf(message), undefined, json ? undefined : 2))
    return 0
  }
  const ownerKey = await payerKey(args.host, () => context.terminal.askSecret('Passphrase: '))
  const message = registrationOf(identity, genesis.chainId, addressOfPublicKey(publicKeyOf(ownerKey)))
  const { hash, height } = await submit(rpcUrlOf(settings), ownerKey, message)
  const validator = toHex(identity.validatorKey.address).toUpperCase()
  emit(context, json, { validator, owner: message.owner, txHash: hash, height }, () =>
    [
      `Validator ${validator} belongs to ${message.owner} now (${hash}, block ${height}).`,
      'It gains power at the next settle, where its heartbeats reach the chain until then: leave the node running.',
    ].join('\n'),
  )
  return 0
}

/** For whoever signs it: the fields, bytes as base64, and the whole message encoded. */
function documentOf(message: MsgRegisterValidator): Readonly<Record<string, unknown>> {
  const value = Object.entries(message).map(([name, field]) => [
    name,
    typeof field === 'string' ? field : toBase64(field),
  ])
  const encoded = toBase64(MsgRegisterValidator.encode(message).finish())
  return { typeUrl: '/tailrace.v1.MsgRegisterValidator', value: Object.fromEntries(value), encoded }
}

async function submit(
  rpcUrl: string,
  ownerKey: Uint8Array,
  value: MsgRegisterValidator,
): Promise<{ readonly hash: string; readonly height: number }> {
  const stopping = new AbortController()
  const components = { clock: SYSTEM_CLOCK, logger: SILENT_LOGGER }
  const chain = await connectChainClient(components, { rpcUrl }, stopping.signal)
  try {
    const message = { typeUrl: '/tailrace.v1.MsgRegisterValidator', value } as const
    const { code, codespace, log, hash, height } = await chain.submit(
      [message],
      { signer: createSigner(ownerKey) },
      stopping.signal,
    )
    if (code !== 0) {
      throw new CodedError('registration_refused', `the chain refused the registration: ${log}`, {
        fields: { code, codespace },
      })
    }
    return { hash, height }
  } finally {
    stopping.abort()
    chain.close()
  }
}

function requireOwner(owner: string | undefined): string {
  if (owner === undefined || tryDecodeAddress(owner) === undefined) {
    const message = owner === undefined ? '--host or --owner is needed' : '--owner: no tail1… address'
    throw new CodedError('bad_usage', message, { fields: { command: 'node register' } })
  }
  return owner
}
