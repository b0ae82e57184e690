/** What every Signer must do, whatever lies between the caller and the keys. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signTx } from '../../src/chain-client/tx-signing.ts'
import { errorCode } from '../../src/lib/coded-error.ts'
import type { Approval } from '../../src/main/keys/approvals.ts'
import { createKeyPort, createTxSigner, createWorkKeys } from '../../src/main/keys/key-ports.ts'
import type { DutyKind, Signer } from '../../src/main/keys/signer.ts'
import { DUTY_KINDS } from '../../src/main/keys/signer.ts'
import { addressOfPublicKey, decodeAddress, encodeAddress } from '../../src/protocol/address.ts'
import {
  MsgCommitFinds,
  MsgDepositEscrow,
  MsgRegisterHost,
  MsgServeModels,
  MsgSetActive,
  MsgSetPayout,
} from '../../src/protocol/gen/tailrace/v1/tx.ts'
import { FinishReason, Receipt } from '../../src/protocol/gen/tailrace/v1/work.ts'
import {
  heartbeatBytes,
  verifyBatchAnnouncement,
  verifyCheckRequest,
  verifyHeartbeat,
  verifyRaceChallenge,
} from '../../src/protocol/gossip.ts'
import type { TypedMessage } from '../../src/protocol/messages.ts'
import { DENOM } from '../../src/protocol/params.ts'
import { registrationBytes, verifyRegistration } from '../../src/protocol/registration.ts'
import { publicKeyOf, verifyBytes } from '../../src/protocol/signature.ts'
import { refusalHash } from '../../src/protocol/work/order.ts'
import { verifyReceipt } from '../../src/protocol/work/receipt.ts'

export interface SignerUnderTest {
  readonly signer: Signer
  /** As if a person confirmed it. */
  approve(approval: Approval): Promise<unknown>
  /** Locks the owner key. */
  lock(): Promise<void>
}

const CHAIN_ID = 'tailrace-local-1'
const STRANGER = addressOfPublicKey(publicKeyOf(new Uint8Array(32).fill(9)))

export function describeSigner(name: string, create: () => Promise<SignerUnderTest>): void {
  describe(`the signer ${name}`, () => {
    it('names the addresses of its keys', async () => {
      const { identity } = (await create()).signer
      expect(addressOfPublicKey(identity.ownerPublicKey)).toBe(identity.ownerAddress)
      expect(addressOfPublicKey(identity.devicePublicKey)).toBe(identity.deviceAddress)
    })
    describeDuties(create)
    describeRefusedDuties(create)
    describeDeviceKey(create)
    describeOwnerKey(create)
  })
}

function describeDuties(create: () => Promise<SignerUnderTest>): void {
  it('signs each duty so that the network takes it', async () => {
    const { signer } = await create()
    const { identity } = signer
    const { ownerAddress: host, devicePublicKey } = identity
    const keys = createKeyPort(signer)
    const work = createWorkKeys(signer)
    const digest = new Uint8Array(32).fill(3)
    const at = { epoch: 1n, sentAtMs: 5n }
    const heartbeat = await keys.signHeartbeat({ ...at, host, height: 41n, appHash: digest, phase: 'racing' })
    expect(verifyHeartbeat(heartbeat, devicePublicKey)).toBe(true)
    expect(verifyHeartbeat({ ...heartbeat, height: 42n }, devicePublicKey)).toBe(false)
    const challenge = await keys.signRaceChallenge({ ...at, challenger: host, host: STRANGER, nonce: 7n, digest })
    expect(verifyRaceChallenge(challenge, devicePublicKey)).toBe(true)
    const signature = await keys.signRegistration(CHAIN_ID, 'peer')
    expect(verifyRegistration({ chainId: CHAIN_ID, owner: host, peerId: 'peer' }, devicePublicKey, signature)).toBe(
      true,
    )
    const receipt = await work.signReceipt(receiptOf(host))
    expect(verifyReceipt(receiptOf(host), receipt.signature, devicePublicKey)).toBe(true)
    const refusal = { orderHash: digest, host: decodeAddress(host), code: 'busy', height: 4n }
    const refused = await work.signRefusal(refusal)
    expect(verifyBytes(devicePublicKey, refusalHash(refusal), refused.signature)).toBe(true)
    const batch = { ...at, host, batch: 3n, root: digest, sum: 9n, leaves: 2, height: 40n }
    expect(verifyBatchAnnouncement(await work.signBatchAnnouncement(batch), devicePublicKey)).toBe(true)
    const request = { ...at, host, batch: 3n, point: 1, orderHash: digest }
    expect(verifyCheckRequest(await work.signCheckRequest(request), devicePublicKey)).toBe(true)
  })
}

function describeRefusedDuties(create: () => Promise<SignerUnderTest>): void {
  it('says nothing in the name of another host, and nothing under another name', async () => {
    const { signer } = await create()
    const own = signer.identity.ownerAddress
    const foreign = registrationBytes({ chainId: CHAIN_ID, owner: STRANGER, peerId: 'peer' })
    expect(await refusal(signer.signDuty('registration', foreign))).toBe('signing_refused')
    expect(await refusal(createWorkKeys(signer).signReceipt(receiptOf(STRANGER)))).toBe('signing_refused')
    const registration = registrationBytes({ chainId: CHAIN_ID, owner: own, peerId: 'peer' })
    const others = DUTY_KINDS.filter((kind) => kind !== 'registration')
    for (const kind of [...others, 'transfer' as DutyKind]) {
      expect(await refusal(signer.signDuty(kind, registration))).toBe('signing_refused')
    }
  })

  it('signs no bytes that it cannot read', async () => {
    const { signer } = await create()
    const known = heartbeatBytes({
      host: signer.identity.ownerAddress,
      epoch: 1n,
      height: 1n,
      appHash: new Uint8Array(32),
      phase: 'idle',
      sentAtMs: 1n,
    })
    const cut = fc.nat(known.length - 1).map((length) => known.slice(0, length))
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...DUTY_KINDS),
        fc.oneof(fc.uint8Array({ maxLength: 300 }), cut),
        async (kind, bytes) => {
          expect(await refusal(signer.signDuty(kind, bytes))).toBe('signing_refused')
          expect(await refusal(signer.signTx('device', bytes))).toBe('signing_refused')
          expect(await refusal(signer.signTx('owner', bytes))).toBe('signing_refused')
        },
      ),
      { numRuns: 50 },
    )
  })
}

function describeDeviceKey(create: () => Promise<SignerUnderTest>): void {
  it('signs duties of its host with the device key', async () => {
    const { signer } = await create()
    const { deviceAddress, devicePublicKey, ownerAddress } = signer.identity
    const duties: readonly TypedMessage[] = [
      commit(deviceAddress),
      setActive(deviceAddress, ownerAddress),
      {
        typeUrl: '/tailrace.v1.MsgServeModels',
        value: MsgServeModels.fromPartial({ signer: deviceAddress, host: ownerAddress, offers: [] }),
      },
    ]
    for (const message of duties) {
      const document = await documentOf(signer, 'device', [message])
      expect(verifyBytes(devicePublicKey, document, await signer.signTx('device', document))).toBe(true)
    }
  })

  it('refuses with the device key whatever moves money, names a device, or is not its own', async () => {
    const { signer } = await create()
    const { deviceAddress, devicePublicKey } = signer.identity
    const refused: readonly TypedMessage[] = [
      send(deviceAddress, STRANGER, 1n),
      deposit(deviceAddress),
      register(deviceAddress, devicePublicKey),
      payout(deviceAddress, STRANGER),
      setActive(deviceAddress, STRANGER),
      commit(STRANGER),
    ]
    for (const message of refused) {
      const document = await documentOf(signer, 'device', [message])
      expect(await refusal(signer.signTx('device', document))).toBe('signing_refused')
    }
    const paying = await documentOf(signer, 'device', [commit(deviceAddress)], { fee: 5n })
    expect(await refusal(signer.signTx('device', paying))).toBe('signing_refused')
    const mixed = await documentOf(signer, 'device', [commit(deviceAddress), send(deviceAddress, STRANGER, 1n)])
    expect(await refusal(signer.signTx('device', mixed))).toBe('signing_refused')
  })
}

function describeOwnerKey(create: () => Promise<SignerUnderTest>): void {
  it('registers its own device by itself, and no other', async () => {
    const { signer } = await create()
    const { ownerAddress, ownerPublicKey, devicePublicKey } = signer.identity
    for (const message of [register(ownerAddress, devicePublicKey), setActive(ownerAddress, ownerAddress)]) {
      const document = await documentOf(signer, 'owner', [message])
      expect(verifyBytes(ownerPublicKey, document, await signer.signTx('owner', document))).toBe(true)
    }
    const strangers = publicKeyOf(new Uint8Array(32).fill(8))
    for (const message of [
      register(ownerAddress, strangers),
      setActive(ownerAddress, STRANGER),
      payout(ownerAddress, STRANGER),
    ]) {
      const document = await documentOf(signer, 'owner', [message])
      expect(await refusal(signer.signTx('owner', document))).toBe('signing_refused')
    }
  })

  it('signs a transfer after exactly that one was confirmed, and once', async () => {
    const { signer, approve } = await create()
    const { ownerAddress, ownerPublicKey } = signer.identity
    const message = send(ownerAddress, STRANGER, 7n)
    const document = await documentOf(signer, 'owner', [message], { fee: 1_000n, memo: 'rent' })
    expect(await refusal(signer.signTx('owner', document))).toBe('signing_refused')
    await approve({ chainId: CHAIN_ID, message, fee: 1_000n, memo: 'rent' })
    const others = [
      await documentOf(signer, 'owner', [send(ownerAddress, STRANGER, 8n)], { fee: 1_000n, memo: 'rent' }),
      await documentOf(signer, 'owner', [send(ownerAddress, encodeAddress(new Uint8Array(20)), 7n)], {
        fee: 1_000n,
        memo: 'rent',
      }),
      await documentOf(signer, 'owner', [message], { fee: 1_001n, memo: 'rent' }),
      await documentOf(signer, 'owner', [message], { fee: 1_000n, memo: '' }),
      await documentOf(signer, 'owner', [message, message], { fee: 1_000n, memo: 'rent' }),
      await documentOf(signer, 'owner', [message], { fee: 1_000n, memo: 'rent', chainId: 'tailrace-1' }),
    ]
    for (const other of others) {
      expect(await refusal(signer.signTx('owner', other))).toBe('signing_refused')
    }
    const signature = await signer.signTx('owner', document)
    expect(verifyBytes(ownerPublicKey, document, signature)).toBe(true)
    expect(await signer.signTx('owner', document)).toEqual(signature)
    const again = await documentOf(signer, 'owner', [message], { fee: 1_000n, memo: 'rent', sequence: 1n })
    expect(await refusal(signer.signTx('owner', again))).toBe('signing_refused')
  })

  it('says that it is locked, and goes on with duties', async () => {
    const { signer, lock } = await create()
    const { ownerAddress, deviceAddress, devicePublicKey } = signer.identity
    expect(await signer.isOwnerOpen()).toBe(true)
    await lock()
    expect(await signer.isOwnerOpen()).toBe(false)
    const registration = await documentOf(signer, 'owner', [register(ownerAddress, devicePublicKey)])
    expect(await refusal(signer.signTx('owner', registration))).toBe('wallet_locked')
    const duty = await documentOf(signer, 'device', [commit(deviceAddress)])
    expect(verifyBytes(devicePublicKey, duty, await signer.signTx('device', duty))).toBe(true)
  })
}

interface Around {
  readonly fee?: bigint
  readonly memo?: string
  readonly sequence?: bigint
  readonly chainId?: string
}

/** As the chain client composes it, before anybody signs. */
async function documentOf(
  signer: Signer,
  key: 'owner' | 'device',
  messages: readonly TypedMessage[],
  { fee = 0n, memo = '', sequence = 0n, chainId = CHAIN_ID }: Around = {},
): Promise<Uint8Array> {
  let document = new Uint8Array(0)
  const content = { messages, fee: { amount: fee, gasLimit: 200_000 }, memo, timeoutHeight: 0n }
  const capturing = {
    ...createTxSigner(signer, key),
    sign: async (bytes: Uint8Array) => {
      document = bytes.slice()
      return new Uint8Array(64)
    },
  }
  await signTx(content, capturing, chainId, sequence)
  return document
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'signed'
  } catch (error) {
    return errorCode(error)
  }
}

function send(fromAddress: string, toAddress: string, amount: bigint): TypedMessage {
  const value = { fromAddress, toAddress, amount: [{ denom: DENOM, amount: amount.toString() }] }
  return { typeUrl: '/cosmos.bank.v1beta1.MsgSend', value }
}

function commit(signer: string): TypedMessage {
  return {
    typeUrl: '/tailrace.v1.MsgCommitFinds',
    value: MsgCommitFinds.fromPartial({ signer, epoch: 1n, nonces: [3n] }),
  }
}

function setActive(signer: string, host: string): TypedMessage {
  return { typeUrl: '/tailrace.v1.MsgSetActive', value: MsgSetActive.fromPartial({ signer, host, active: true }) }
}

function payout(owner: string, to: string): TypedMessage {
  return { typeUrl: '/tailrace.v1.MsgSetPayout', value: MsgSetPayout.fromPartial({ owner, payout: to }) }
}

function deposit(owner: string): TypedMessage {
  const sessionPubkey = publicKeyOf(new Uint8Array(32).fill(4))
  const value = MsgDepositEscrow.fromPartial({ owner, sessionPubkey, amount: 1n, expiryHeight: 99n })
  return { typeUrl: '/tailrace.v1.MsgDepositEscrow', value }
}

function register(owner: string, devicePubkey: Uint8Array): TypedMessage {
  const value = MsgRegisterHost.fromPartial({
    owner,
    devicePubkey,
    duties: [1],
    deviceExpiryHeight: 99n,
    peerId: 'peer',
    shape: 'dev',
    attestation: { engine: 'test', backend: 'cpu', adapter: '', conformanceDigest: new Uint8Array(32) },
    stamp: { epoch: 0n, nonce: 1n },
    deviceSignature: new Uint8Array(64),
  })
  return { typeUrl: '/tailrace.v1.MsgRegisterHost', value }
}

function receiptOf(executor: string): Receipt {
  return Receipt.fromPartial({
    orderHash: new Uint8Array(32),
    executor: decodeAddress(executor),
    promptTokens: 1,
    outputTokens: 1,
    tokensHash: new Uint8Array(32),
    scoresHash: new Uint8Array(32),
    finish: FinishReason.FINISH_REASON_STOP,
  })
}
