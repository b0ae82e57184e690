/** What the chain client asks about the past, against a real node: block times, and the devices that registered for an owner. */
import { expect, onTestFinished, test } from 'vitest'
import type { ChainClient } from '../../../src/chain-client/create-chain-client.ts'
import { connectChainClient } from '../../../src/chain-client/create-chain-client.ts'
import { createSigner } from '../../../src/chain-client/tx-signing.ts'
import { compareBytes } from '../../../src/lib/bytes.ts'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import { decodeAddress } from '../../../src/protocol/address.ts'
import { Duty } from '../../../src/protocol/gen/tailrace/v1/tx.ts'
import type { TypedMessage } from '../../../src/protocol/messages.ts'
import { createRaceModel } from '../../../src/race/model.ts'
import { createOracle } from '../../../src/race/oracle.ts'
import { RACE_SHAPES } from '../../../src/race/shapes.ts'
import { signRegistration } from '../../support/chain/device-signing.ts'
import { waitFor } from '../../support/wait-for.ts'
import type { TestKey } from './network-fixture.ts'
import { testKey } from './network-fixture.ts'
import { REAL_CLOCK } from './real-clock.ts'
import { runNode } from './running-node.ts'

const never = new AbortController().signal

async function connect(rpcUrl: string): Promise<ChainClient> {
  const times = { pollIntervalMs: 100, rebroadcastMs: 300, blockPollMs: 100 }
  const client = await connectChainClient({ clock: REAL_CLOCK, logger: SILENT_LOGGER }, { rpcUrl, times }, never)
  onTestFinished(() => client.close())
  return client
}

test('block times are those of the headers; blocks that are not there are missing', async () => {
  const node = await runNode()
  const client = await connect(node.url)
  await waitFor('blocks', async () => (await client.status(never)).height >= 4)
  const times = await client.history.blockTimes([3, 1, 1, 0, 1_000_000, 900], never)
  expect([...times.keys()].sort()).toEqual([1, 3])
  const { result } = await node.call('header', { height: '3' })
  expect(times.get(3)).toBe(Date.parse(result.header.time))
  expect(await client.history.blockTimes([], never)).toEqual(new Map())
  const tooMany = Array.from({ length: 2_000 }, (_, index) => index + 1)
  await expect(client.history.blockTimes(tooMany, never)).rejects.toMatchObject({ code: 'too_many_heights' })
})

test('registrations name the device, its name and its height, newest first', async () => {
  const node = await runNode({ params: { epochLength: 4_000, raceLength: 1_000, verifyLength: 1_000 } })
  const client = await connect(node.url)
  await waitFor('a seed', async () => (await client.epoch(never)).seed.length > 0)
  const owner = testKey('owner of two machines')
  expect(await client.history.registrations(owner.address, never)).toEqual([])
  const heights: number[] = []
  let from = 0n
  for (const name of ['laptop', 'desktop']) {
    const nonce = await findStamp(client, owner, from)
    from = nonce + 1n
    const message = registration(client, owner, testKey(name), name, nonce)
    const outcome = await client.submit([message], { signer: createSigner(owner.secret) }, never)
    expect(outcome).toMatchObject({ code: 0 })
    heights.push(outcome.height)
  }
  const [first = 0, second = 0] = heights
  expect(await client.history.registrations(owner.address, never)).toEqual([
    { height: second, deviceAddress: testKey('desktop').address, moniker: 'desktop' },
    { height: first, deviceAddress: testKey('laptop').address, moniker: 'laptop' },
  ])
  expect(await client.history.registrations(testKey('somebody else').address, never)).toEqual([])
  await expect(client.history.registrations("x' OR 1", never)).rejects.toMatchObject({ code: 'invalid_address' })
})

async function findStamp(client: ChainClient, owner: TestKey, from: bigint): Promise<bigint> {
  const { seed, races } = await client.epoch(never)
  const target = races.find(({ shape }) => shape === 'dev')?.target ?? new Uint8Array(32)
  const oracle = createOracle(createRaceModel(RACE_SHAPES.dev, seed))
  const host = decodeAddress(owner.address)
  for (let nonce = from; ; nonce++) {
    if (compareBytes(oracle.attempt(host, nonce), target) < 0) {
      return nonce
    }
  }
}

function registration(
  client: ChainClient,
  owner: TestKey,
  device: TestKey,
  moniker: string,
  nonce: bigint,
): TypedMessage {
  const peerId = `peer of ${moniker}`
  return {
    typeUrl: '/tailrace.v1.MsgRegisterHost',
    value: {
      owner: owner.address,
      devicePubkey: device.publicKey,
      duties: [Duty.DUTY_RACE],
      deviceExpiryHeight: 1_000_000n,
      peerId,
      shape: 'dev',
      moniker,
      attestation: { engine: 'test', backend: 'cpu', adapter: '', conformanceDigest: new Uint8Array(32) },
      stamp: { epoch: 0n, nonce },
      deviceSignature: signRegistration({ chainId: client.chainId, owner: owner.address, peerId }, device.secret),
    },
  }
}
