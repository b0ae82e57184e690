/** Keys, a genesis and signed transfers for tests of node and client. */
import { MsgSend } from 'cosmjs-types/cosmos/bank/v1beta1/tx'
import { PubKey } from 'cosmjs-types/cosmos/crypto/secp256k1/keys'
import { SignMode } from 'cosmjs-types/cosmos/tx/signing/v1beta1/signing'
import { AuthInfo, SignDoc, TxBody, TxRaw } from 'cosmjs-types/cosmos/tx/v1beta1/tx'
import { createLocalGenesis } from '../../../src/chain-node/local-genesis.ts'
import type { ValidatorKey } from '../../../src/chain-node/validator-key.ts'
import { createValidatorKey, genesisValidatorOf } from '../../../src/chain-node/validator-key.ts'
import { utf8 } from '../../../src/lib/bytes.ts'
import type { Rng } from '../../../src/lib/runtime.ts'
import { addressOfPublicKey } from '../../../src/protocol/address.ts'
import type { Genesis } from '../../../src/protocol/genesis.ts'
import { sha256 } from '../../../src/protocol/hash.ts'
import type { Params } from '../../../src/protocol/params.ts'
import { DENOM, LOCAL_CHAIN_ID } from '../../../src/protocol/params.ts'
import { publicKeyOf, signBytes } from '../../../src/protocol/signature.ts'

export interface TestKey {
  readonly secret: Uint8Array
  readonly publicKey: Uint8Array
  readonly address: string
}

export function testKey(name: string): TestKey {
  const secret = sha256(utf8(`test key ${name}`))
  const publicKey = publicKeyOf(secret)
  return { secret, publicKey, address: addressOfPublicKey(publicKey) }
}

/** The same bytes in every run. */
export function seededRng(seed: string): Rng {
  let count = 0
  return {
    bytes: (length) => {
      const out = new Uint8Array(length)
      for (let offset = 0; offset < length; offset += 32) {
        count += 1
        out.set(sha256(utf8(`${seed} ${count}`)).subarray(0, length - offset), offset)
      }
      return out
    },
  }
}

export const DEVELOPER: TestKey = testKey('developer')
export const VALIDATOR_SEED = 'validator'
export const VALIDATOR: ValidatorKey = createValidatorKey(seededRng(VALIDATOR_SEED))

export function testGenesis(timeMs: number, params: Partial<Params> = {}): Genesis {
  return createLocalGenesis({
    timeMs,
    validators: [genesisValidatorOf(VALIDATOR, 10n)],
    developer: { address: DEVELOPER.address },
    hosts: [],
    params,
  })
}

export function signedTransfer(from: TestKey, to: string, amount: bigint, sequence: bigint, memo = ''): Uint8Array {
  const value = MsgSend.encode({
    fromAddress: from.address,
    toAddress: to,
    amount: [{ denom: DENOM, amount: amount.toString() }],
  }).finish()
  const bodyBytes = TxBody.encode(
    TxBody.fromPartial({ messages: [{ typeUrl: '/cosmos.bank.v1beta1.MsgSend', value }], memo }),
  ).finish()
  const publicKey = PubKey.encode({ key: from.publicKey }).finish()
  const authInfoBytes = AuthInfo.encode(
    AuthInfo.fromPartial({
      signerInfos: [
        {
          publicKey: { typeUrl: '/cosmos.crypto.secp256k1.PubKey', value: publicKey },
          modeInfo: { single: { mode: SignMode.SIGN_MODE_DIRECT } },
          sequence,
        },
      ],
      fee: { amount: [], gasLimit: 200_000n },
    }),
  ).finish()
  const document = SignDoc.encode({ bodyBytes, authInfoBytes, chainId: LOCAL_CHAIN_ID, accountNumber: 0n }).finish()
  return TxRaw.encode({ bodyBytes, authInfoBytes, signatures: [signBytes(from.secret, document)] }).finish()
}
