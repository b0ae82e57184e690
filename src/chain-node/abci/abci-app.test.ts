import { describe, expect, it, onTestFinished } from 'vitest'
import {
  DEVELOPER,
  seededRng,
  signedTransfer,
  testGenesis,
  testKey,
  VALIDATOR,
  VALIDATOR_SEED,
} from '../../../test/conformance/rpc/network-fixture.ts'
import type { AbciClient, AnyRequest } from '../../../test/support/abci/abci-client.ts'
import { connectAbci } from '../../../test/support/abci/abci-client.ts'
import { tempTree } from '../../../test/support/temp-tree.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { BLOCK_LIMITS } from '../../chain/application.ts'
import { STATUS_KEY } from '../../chain/state/keys.ts'
import { verifyStateProof } from '../../chain/state-tree.ts'
import { fromHex, toHex, utf8 } from '../../lib/bytes.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { CHECK_TYPE, VERDICT } from '../../protocol/abci/codec.ts'
import { sha256 } from '../../protocol/hash.ts'
import { decodeRandomnessTx, encodeRandomnessTx } from '../../protocol/tx.ts'
import { genesisToJson } from '../genesis-file.ts'
import { decodeProofOp } from '../proof-op.ts'
import type { AbciApp } from './abci-app.ts'
import { startAbciApp } from './abci-app.ts'

const START_MS = 1_700_000_000_123
const genesis = testGenesis(START_MS)
const BOB = testKey('bob').address

const INIT: AnyRequest = {
  initChain: {
    chainId: genesis.chainId,
    time: { seconds: 1_700_000_000n, nanos: 123_000_000 },
    initialHeight: 1n,
    validators: genesis.validators.map(({ consensusKey, power }) => ({ pubKey: { ed25519: consensusKey }, power })),
    consensusParams: { block: { maxBytes: BigInt(BLOCK_LIMITS.bytes), maxGas: -1n } },
    appStateBytes: utf8(JSON.stringify((genesisToJson(genesis) as { app_state: unknown }).app_state)),
  },
}

async function startApp(home: string): Promise<{ readonly app: AbciApp; readonly client: AbciClient }> {
  const components = { clock: new VirtualClock(START_MS), logger: SILENT_LOGGER, rng: seededRng(VALIDATOR_SEED) }
  const app = await startAbciApp(components, { home, address: 'tcp://127.0.0.1:0', genesis, version: '0.1.0' })
  const client = await connectAbci(app.address)
  onTestFinished(async () => {
    await client.end()
    await app.stop()
  })
  return { app, client }
}

async function startChain(home = tempTree({})): Promise<Awaited<ReturnType<typeof startApp>> & { home: string }> {
  const started = await startApp(home)
  await started.client.ask(INIT)
  return { ...started, home }
}

function blockAt(height: bigint, txs: readonly Uint8Array[]) {
  const time = { seconds: 1_700_000_000n + height, nanos: 999_999 }
  const hash = sha256(utf8(`block ${height}`))
  return { height, txs, hash, time, proposerAddress: VALIDATOR.address }
}

async function propose(client: AbciClient, height: bigint, maxTxBytes = 1_000_000n): Promise<readonly Uint8Array[]> {
  const answer = await client.ask({ prepareProposal: { height, maxTxBytes, proposerAddress: VALIDATOR.address } })
  return answer.prepareProposal?.txs ?? []
}

/** What the app's own proposal becomes. */
async function makeBlock(client: AbciClient, height: bigint) {
  const txs = await propose(client, height)
  const block = blockAt(height, txs)
  expect((await client.ask({ processProposal: block })).processProposal?.status).toBe(VERDICT.accept)
  const { finalizeBlock } = await client.ask({ finalizeBlock: block })
  await client.ask({ commit: {} })
  return { txs, appHash: toHex(finalizeBlock?.appHash ?? new Uint8Array(0)), results: finalizeBlock?.txResults ?? [] }
}

async function check(client: AbciClient, tx: Uint8Array, type: number = CHECK_TYPE.new): Promise<number | undefined> {
  return (await client.ask({ checkTx: { tx, type } })).checkTx?.code
}

describe('the application under CometBFT', () => {
  it('begins at height 0, is initialised as often as CometBFT asks, and tells each commit', async () => {
    const { app, client } = await startApp(tempTree({}))
    expect((await client.ask({ info: {} })).info).toMatchObject({
      data: 'tailrace',
      version: '0.1.0',
      appVersion: 1n,
      lastBlockHeight: 0n,
      lastBlockAppHash: new Uint8Array(0),
    })
    const [first, second] = [await client.ask(INIT), await client.ask(INIT)]
    expect(first.initChain?.appHash).toHaveLength(32)
    expect(second.initChain?.appHash).toEqual(first.initChain?.appHash)
    const { appHash } = await makeBlock(client, 1n)
    const { info } = await client.ask({ info: {} })
    expect([info?.lastBlockHeight, toHex(info?.lastBlockAppHash ?? new Uint8Array(0))]).toEqual([1n, appHash])
    expect(app.status()).toMatchObject({ height: 1, chainId: genesis.chainId })
  })

  it('refuses a genesis that is not its own, saying what differs', async () => {
    const { app } = await startApp(tempTree({}))
    const { initChain = {} } = INIT
    const others: readonly (readonly [AnyRequest['initChain'], RegExp])[] = [
      [{ ...initChain, chainId: 'other' }, /chain id other/],
      [{ ...initChain, validators: [] }, /other validators/],
      [{ ...initChain, time: { seconds: 1n, nanos: 0 } }, /another time/],
      [{ ...initChain, consensusParams: { block: { maxBytes: 1n, maxGas: -1n } } }, /blocks of 1 bytes/],
      [{ ...initChain, appStateBytes: utf8('{}') }, /genesis/],
    ]
    for (const [request = {}, reason] of others) {
      const client = await connectAbci(app.address)
      const { exception } = await client.ask({ initChain: request })
      expect(exception?.error).toMatch(/^genesis_mismatch: /)
      expect(exception?.error).toMatch(reason)
      await client.end()
    }
  })

  it('proposes σ_h first and then what waits, within the room that CometBFT gives', async () => {
    const { client } = await startChain()
    const tx = signedTransfer(DEVELOPER, BOB, 5n, 0n)
    expect(await check(client, tx)).toBe(0)
    const txs = await propose(client, 1n)
    expect(txs.map((one) => decodeRandomnessTx(one)?.length)).toEqual([96, undefined])
    expect(toHex(txs[1] ?? new Uint8Array(0))).toBe(toHex(tx))
    expect(await propose(client, 1n, 2_700n)).toHaveLength(1)
    const { results } = await makeBlock(client, 1n)
    expect(results.map(({ code }) => code)).toEqual([0, 0])
    expect(results[1]?.events.length).toBeGreaterThan(0)
    expect(results[1]?.events.every(({ attributes }) => attributes.every(({ index }) => index))).toBe(true)
  })

  it('votes against blocks that no honest proposer makes', async () => {
    const { client } = await startChain()
    const [sigma = new Uint8Array(0)] = await propose(client, 1n)
    const wrong = sigma.slice()
    wrong[20] = (wrong[20] ?? 0) ^ 1
    const blocks: readonly (readonly Uint8Array[])[] = [
      [],
      [wrong],
      [signedTransfer(DEVELOPER, BOB, 1n, 0n), sigma],
      [sigma, encodeRandomnessTx(sigma)],
      [sigma, sigma],
      [sigma, utf8('nonsense')],
    ]
    for (const txs of blocks) {
      const { processProposal } = await client.ask({ processProposal: blockAt(1n, txs) })
      expect(processProposal?.status).toBe(VERDICT.reject)
    }
    for (const block of [
      { ...blockAt(1n, [sigma]), proposerAddress: new Uint8Array(20) },
      { ...blockAt(2n, [sigma]) },
    ]) {
      expect((await client.ask({ processProposal: block })).processProposal?.status).toBe(VERDICT.reject)
    }
    expect((await client.ask({ processProposal: blockAt(1n, [sigma]) })).processProposal?.status).toBe(VERDICT.accept)
  })

  it('neither makes nor takes vote extensions', async () => {
    const { client } = await startChain()
    expect((await client.ask({ extendVote: { height: 1n } })).extendVote?.voteExtension).toHaveLength(0)
    const judge = async (voteExtension: Uint8Array) =>
      (await client.ask({ verifyVoteExtension: { height: 1n, voteExtension } })).verifyVoteExtension?.status
    expect(await judge(new Uint8Array(0))).toBe(VERDICT.accept)
    expect(await judge(Uint8Array.of(1))).toBe(VERDICT.reject)
  })

  it('comes to the same app hash when a finalized block was lost before its commit', async () => {
    const { app, client, home } = await startChain()
    await check(client, signedTransfer(DEVELOPER, BOB, 5n, 0n))
    await makeBlock(client, 1n)
    await check(client, signedTransfer(DEVELOPER, BOB, 6n, 1n))
    const block = blockAt(2n, await propose(client, 2n))
    const finalized = await client.ask({ finalizeBlock: block })
    await app.stop()
    const again = await startApp(home)
    expect((await again.client.ask({ info: {} })).info?.lastBlockHeight).toBe(1n)
    // CometBFT's handshake; a second time, as after a crash of CometBFT alone.
    for (let turn = 0; turn < 2; turn++) {
      const replayed = await again.client.ask({ finalizeBlock: block })
      expect(replayed.finalizeBlock?.appHash).toEqual(finalized.finalizeBlock?.appHash)
    }
    await again.client.ask({ commit: {} })
    expect(again.app.status().height).toBe(2)
    expect((await makeBlock(again.client, 3n)).results.map(({ code }) => code)).toEqual([0])
  })

  it('gives a commit without a block as an exception, and lives', async () => {
    const { app, client } = await startChain()
    expect((await client.ask({ commit: {} })).exception?.error).toMatch(/^nothing_to_commit: /)
    const next = await connectAbci(app.address)
    expect((await next.ask({ info: {} })).info?.data).toBe('tailrace')
    await next.end()
  })

  it('refuses a second application on the same home', async () => {
    const { home } = await startChain()
    await expect(startApp(home)).rejects.toMatchObject({ code: 'store_in_use' })
  })
})

describe('queries under CometBFT', () => {
  it('are answered from the last commit, with proofs that verify under its app hash', async () => {
    const { client } = await startChain()
    const { appHash } = await makeBlock(client, 1n)
    for (const [key, isThere] of [
      [utf8('no such key'), false],
      [STATUS_KEY, true],
    ] as const) {
      const { query } = await client.ask({ query: { path: '/store/state', data: key, prove: true } })
      expect([query?.code, query?.height, query?.value.length !== 0]).toEqual([0, 1n, isThere])
      const [op] = query?.proofOps?.ops ?? []
      if (op === undefined) {
        throw new Error('there is no proof')
      }
      const proof = decodeProofOp(op)
      expect(toHex(proof.value ?? new Uint8Array(0))).toBe(toHex(query?.value ?? new Uint8Array(0)))
      expect(verifyStateProof(fromHex(appHash), proof)).toBe(true)
      expect(verifyStateProof(new Uint8Array(32), proof)).toBe(false)
    }
  })

  it('of another height are refused, never answered from this one', async () => {
    const { client } = await startChain()
    await makeBlock(client, 1n)
    await makeBlock(client, 2n)
    const ask = async (height: bigint) =>
      (await client.ask({ query: { path: '/store/state', data: utf8('x'), height } })).query
    expect([(await ask(0n))?.code, (await ask(2n))?.code]).toEqual([0, 0])
    for (const height of [1n, 3n, -1n]) {
      const answer = await ask(height)
      expect([answer?.code, answer?.codespace]).toEqual([18, 'sdk'])
      expect(answer?.log).toMatch(/^height_unavailable: only the state of height 2/)
    }
  })
})

describe('the mempool under CometBFT', () => {
  it('drops at a recheck what a block took, and keeps what waits', async () => {
    const { client } = await startChain()
    const [first, second] = [signedTransfer(DEVELOPER, BOB, 1n, 0n), signedTransfer(DEVELOPER, BOB, 2n, 1n)]
    expect([await check(client, first), await check(client, second)]).toEqual([0, 0])
    expect(await check(client, first)).toBe(0)
    const sigma = (await propose(client, 1n)).slice(0, 1)
    await client.ask({ finalizeBlock: blockAt(1n, [...sigma, first]) })
    await client.ask({ commit: {} })
    expect(await check(client, second, CHECK_TYPE.recheck)).toBe(0)
    expect(await check(client, first, CHECK_TYPE.recheck)).not.toBe(0)
    expect(await check(client, first)).not.toBe(0)
    expect(await propose(client, 2n)).toHaveLength(2)
  })

  it('refuses what is too large or no transaction', async () => {
    const { client } = await startChain()
    expect(await check(client, new Uint8Array(200_000))).toBe(21)
    expect(await check(client, utf8('nonsense'))).toBe(2)
    expect(await check(client, signedTransfer(DEVELOPER, BOB, 1n, 7n))).toBe(32)
  })
})
