/**
 * The RPC of a real CometBFT with our application behind it: unmodified CosmJS registers a host, fills an escrow, sends, searches and
 * listens; our own client passes the suites that it passes against the embedded node; two host processes race an epoch against it
 * and get weight. Where the two RPCs differ, the table says so, and both nodes are asked. One network for all of it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { GeneratedType } from '@cosmjs/proto-signing'
import { coins, DirectSecp256k1Wallet, Registry } from '@cosmjs/proto-signing'
import { assertIsDeliverTxSuccess, defaultRegistryTypes, SigningStargateClient } from '@cosmjs/stargate'
import { Comet38Client, WebsocketClient } from '@cosmjs/tendermint-rpc'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { ChainClient } from '../../src/chain-client/create-chain-client.ts'
import { connectChainClient } from '../../src/chain-client/create-chain-client.ts'
import { compareBytes } from '../../src/lib/bytes.ts'
import { SILENT_LOGGER } from '../../src/lib/runtime.ts'
import { loadOrCreateHostKeys } from '../../src/main/host-keys.ts'
import { findServerPorts } from '../../src/main/network/free-port.ts'
import { parseReady } from '../../src/main/network/ready-line.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../src/main/system.ts'
import { addressOfPublicKey, decodeAddress } from '../../src/protocol/address.ts'
import { Duty, MsgDepositEscrow, MsgRegisterHost } from '../../src/protocol/gen/tailrace/v1/tx.ts'
import { DENOM } from '../../src/protocol/params.ts'
import { publicKeyOf } from '../../src/protocol/signature.ts'
import { createRaceModel } from '../../src/race/model.ts'
import { createOracle } from '../../src/race/oracle.ts'
import { RACE_SHAPES } from '../../src/race/shapes.ts'
import type { TestKey } from '../conformance/rpc/network-fixture.ts'
import { testKey } from '../conformance/rpc/network-fixture.ts'
import { runNode } from '../conformance/rpc/running-node.ts'
import { testChainClient, testRestart } from '../conformance/rpc/suites/chain-client-suite.ts'
import { testCosmjs } from '../conformance/rpc/suites/cosmjs-suite.ts'
import { RPC_DIFFERENCES } from '../conformance/rpc/suites/differences.ts'
import type { RpcSubject, SubjectNode } from '../conformance/rpc/suites/subject.ts'
import { callRpc, freshKey } from '../conformance/rpc/suites/subject.ts'
import { signRegistration } from '../support/chain/device-signing.ts'
import type { CometNetwork } from '../support/comet/comet-network.ts'
import { cometIsMissing, startCometNetwork } from '../support/comet/comet-network.ts'
import type { TestProcess } from '../support/comet/process.ts'
import { createTestProcess } from '../support/comet/process.ts'
import { COMET_METRICS_OF_ONE } from '../support/metrics/comet-metrics.ts'
import { metricNames, parseMetrics } from '../support/metrics/parse-metrics.ts'
import { titleOrReason } from '../support/reporter.ts'
import { waitFor } from '../support/wait-for.ts'

const PROGRAM = fileURLToPath(new URL('../../dist/node/tailrace.js', import.meta.url))
const never = new AbortController().signal
const missing = cometIsMissing()
if (missing !== undefined) {
  process.stderr.write(`comet-rpc is skipped: ${missing}\n`)
}

/** Half a second a block: an epoch takes twenty seconds. */
const PARAMS = { blockTimeMs: 500 }

describe.skipIf(missing !== undefined)(titleOrReason('CometBFT’s own RPC', missing), () => {
  let home = ''
  let network: CometNetwork
  const hosts: TestProcess[] = []
  let metricsPorts: readonly number[] = []

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'tailrace-rpc-'))
    network = await startCometNetwork({ validators: 1, home, options: { params: PARAMS, links: 'direct' } })
    metricsPorts = await findServerPorts(2, SYSTEM_RNG)
    // The validator's own host, which the genesis names, and one that comes and registers.
    for (const [index, folder] of ['owner-0', 'newcomer'].entries()) {
      const host = hostProcess(folder, metricsPorts[index] ?? 0)
      hosts.push(host)
      await host.start()
    }
  })

  afterAll(async () => {
    await Promise.all(hosts.map((host) => host.kill('SIGTERM')))
    await network?.stop()
    rmSync(home, { recursive: true, force: true })
  })

  function hostProcess(folder: string, metricsPort: number): TestProcess {
    const rpc = network.rpcUrls[0] ?? ''
    const listen = '/ip4/127.0.0.1/tcp/0'
    const args = [
      'host',
      '--home',
      join(home, folder),
      '--rpc',
      rpc,
      '--listen',
      listen,
      '--duty-ppm',
      '20000',
      '--join',
    ]
    return createTestProcess({
      name: folder,
      command: process.execPath,
      args: [PROGRAM, ...args, '--metrics-port', String(metricsPort)],
      logFile: join(home, `${folder}.log`),
      isReady: (printed) => printed.split('\n').some((line) => parseReady(line)?.role === 'host'),
    })
  }

  function developer(): TestKey {
    const secret = network.developer.ownerKey
    const publicKey = publicKeyOf(secret)
    return { secret, publicKey, address: addressOfPublicKey(publicKey) }
  }

  const subject: RpcSubject = {
    async start(): Promise<SubjectNode> {
      const url = network.rpcUrls[0] ?? ''
      return {
        ...{ url, webSocketUrl: url.replace('http', 'ws'), developer: developer(), chainId: network.genesis.chainId },
        call: (method, params) => callRpc(url, method, params),
        async restart(whileAway) {
          await network.kill('node-0', 'SIGTERM')
          await whileAway()
          await network.start('node-0')
        },
      }
    },
  }

  async function connect(): Promise<ChainClient> {
    const { url } = await subject.start()
    const client = await connectChainClient({ clock: SYSTEM_CLOCK, logger: SILENT_LOGGER }, { rpcUrl: url }, never)
    onTestFinished(() => client.close())
    return client
  }

  describe('unmodified CosmJS', () => {
    testCosmjs(subject)

    test('registers a host with a real stamp, fills an escrow, and hears of both', async () => {
      const { url, webSocketUrl, chainId } = await subject.start()
      const chain = await connect()
      const owner = freshKey('cosmjs host')
      const session = freshKey('session')
      const registry = new Registry([
        ...defaultRegistryTypes,
        // Two declarations of one protobuf writer; the codecs are ts-proto's, which the registry names.
        ['/tailrace.v1.MsgRegisterHost', MsgRegisterHost as unknown as GeneratedType],
        ['/tailrace.v1.MsgDepositEscrow', MsgDepositEscrow as unknown as GeneratedType],
      ])
      const signing = async (key: TestKey) => {
        const wallet = await DirectSecp256k1Wallet.fromKey(key.secret, 'tail')
        const client = await SigningStargateClient.connectWithSigner(url, wallet, {
          registry,
          broadcastPollIntervalMs: 200,
        })
        onTestFinished(() => client.disconnect())
        return client
      }
      const heard: string[] = []
      const comet = Comet38Client.create(new WebsocketClient(webSocketUrl, () => undefined))
      onTestFinished(() => comet.disconnect())
      const subscription = comet
        .subscribeTx(`register_host.host='${owner.address}'`)
        .subscribe({ next: ({ hash }) => heard.push(Buffer.from(hash).toString('hex').toUpperCase()) })
      const free = { amount: [], gas: '200000' }
      const host = await signing(owner)
      const registered = await host.signAndBroadcast(owner.address, [await registration(chain, owner, chainId)], free)
      assertIsDeliverTxSuccess(registered)
      const found = await host.searchTx(`register_host.host='${owner.address}'`)
      expect(found.map(({ hash }) => hash)).toEqual([registered.transactionHash])
      expect(await chain.history.registrations(owner.address, never)).toMatchObject([{ height: registered.height }])
      await waitFor('the event', () => heard.includes(registered.transactionHash))
      subscription.unsubscribe()

      const payer = developer()
      const wallet = await signing(payer)
      const deposit = {
        typeUrl: '/tailrace.v1.MsgDepositEscrow',
        value: MsgDepositEscrow.fromPartial({
          owner: payer.address,
          sessionPubkey: session.publicKey,
          amount: 5_000_000n,
          expiryHeight: 1_000_000n,
        }),
      }
      const deposited = await wallet.signAndBroadcast(payer.address, [deposit], free)
      assertIsDeliverTxSuccess(deposited)
      expect((await chain.work.escrow(decodeAddress(session.address), never)).escrow?.deposited).toBe(5_000_000n)
      const sent = await wallet.sendTokens(payer.address, owner.address, coins(9, DENOM), free)
      assertIsDeliverTxSuccess(sent)
      expect((await wallet.getBalance(owner.address, DENOM)).amount).toBe('9')
      expect((await wallet.getTx(sent.transactionHash))?.height).toBe(sent.height)
    })
  })

  describe('our own client', () => {
    testChainClient(subject)
  })

  test('host processes race an epoch against it and get weight; node and hosts say so in their metrics', async () => {
    const chain = await connect()
    const owners = ['owner-0', 'newcomer'].map((folder) => {
      const { ownerKey } = loadOrCreateHostKeys(join(home, folder), SYSTEM_RNG)
      return addressOfPublicKey(publicKeyOf(ownerKey))
    })
    const weights = (): Promise<readonly bigint[]> =>
      Promise.all(owners.map(async (owner) => (await chain.host(owner, never))?.weightPpm ?? 0n))
    await waitFor('weight of both hosts', async () => (await weights()).every((ppm) => ppm > 0n), {
      deadlineMs: 180_000,
    })
    const ofHost = parseMetrics(await (await fetch(`http://127.0.0.1:${metricsPorts[1]}/metrics`)).text())
    expect(ofHost.get('tailrace_host_race_finds_total{backend="cpu"}')).toBeGreaterThan(0)
    expect(ofHost.get('tailrace_host_txs_total{type="MsgRegisterHost",result="0"}')).toBe(1)
    expect(ofHost.get('tailrace_host_txs_total{type="MsgCommitFinds",result="0"}')).toBeGreaterThan(0)
    expect(ofHost.get('tailrace_host_chain_connected')).toBe(1)
    const appPort = network.nodes[0]?.metrics.appPort
    const ofNode = parseMetrics(await (await fetch(`http://127.0.0.1:${appPort}/metrics`)).text())
    const label = `{chain_id="${network.genesis.chainId}"`
    expect(ofNode.get(`tailrace_node_height${label}}`)).toBeGreaterThan(40)
    expect(ofNode.get(`tailrace_node_txs_total${label},type="MsgCommitFinds",code="0"}`)).toBeGreaterThan(0)
    expect(ofNode.get(`tailrace_node_validator_power${label}}`)).toBeGreaterThan(0)
    expect(ofNode.get(`tailrace_node_validator_jailed${label}}`)).toBe(0)
    expect(ofNode.get(`tailrace_node_state_entries${label}}`)).toBeGreaterThan(10)
    const ofComet = metricNames(
      await (await fetch(`http://127.0.0.1:${network.nodes[0]?.metrics.cometPort}/metrics`)).text(),
    )
    expect(ofComet).toEqual(expect.arrayContaining([...COMET_METRICS_OF_ONE]))
  })

  describe('differences to the RPC of the embedded node that are accepted', () => {
    test.each(RPC_DIFFERENCES)('$what', async ({ ask, embedded, comet }) => {
      const own = await runNode()
      await waitFor('blocks', async () => Number((await own.call('status')).result.sync_info.latest_block_height) > 2)
      expect(await ask(own.url)).toEqual(embedded)
      expect(await ask(network.rpcUrls[0] ?? '')).toEqual(comet)
    })
  })

  // Last: nobody else may be at work.
  describe('a restart', () => {
    testRestart(subject)
  })
})

async function registration(chain: ChainClient, owner: TestKey, chainId: string) {
  const { epoch, seed, races } = await waitFor('a seed', async () => {
    const running = await chain.epoch(never)
    return running.seed.length > 0 ? running : undefined
  })
  const target = races.find(({ shape }) => shape === 'dev')?.target ?? new Uint8Array(32)
  const oracle = createOracle(createRaceModel(RACE_SHAPES.dev, seed))
  let nonce = 0n
  while (compareBytes(oracle.attempt(decodeAddress(owner.address), nonce), target) >= 0) {
    nonce += 1n
  }
  const device = testKey(`device of ${owner.address}`)
  const peerId = `peer of ${owner.address}`
  return {
    typeUrl: '/tailrace.v1.MsgRegisterHost',
    value: MsgRegisterHost.fromPartial({
      owner: owner.address,
      devicePubkey: device.publicKey,
      duties: [Duty.DUTY_RACE],
      deviceExpiryHeight: 1_000_000n,
      peerId,
      shape: 'dev',
      moniker: 'by CosmJS',
      attestation: { engine: 'test', backend: 'cpu', adapter: '', conformanceDigest: new Uint8Array(32) },
      stamp: { epoch, nonce },
      deviceSignature: signRegistration({ chainId, owner: owner.address, peerId }, device.secret),
    }),
  }
}
