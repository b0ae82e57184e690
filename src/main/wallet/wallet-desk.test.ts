/** The wallet's procedures over a real vault and the real state machine. */
import { describe, expect, it } from 'vitest'
import { TEST_CHAIN_ID, TestChain } from '../../../test/support/host-chain.ts'
import { TestChainPort } from '../../../test/support/host-chain-port.ts'
import { TEST_PARAMS } from '../../../test/support/host-network.ts'
import type { TestVault } from '../../../test/support/wallet/test-vault.ts'
import { adoptNewWallet, openTestVault, PASSPHRASE, walletFolder } from '../../../test/support/wallet/test-vault.ts'
import { signTx } from '../../chain-client/tx-signing.ts'
import type { HostView } from '../../host/view.ts'
import type { WalletDesk } from '../../ipc/screen-router.ts'
import { errorCode } from '../../lib/coded-error.ts'
import { addressOfPublicKey } from '../../protocol/address.ts'
import { publicKeyOf } from '../../protocol/signature.ts'
import type { ClosableChainPort } from '../chain-port.ts'
import { createTxSigner } from '../keys/key-ports.ts'
import { SYSTEM_RNG } from '../system.ts'
import type { Vault } from './vault.ts'
import { createWalletDesk, walletStateOf } from './wallet-desk.ts'

const NEVER = new AbortController().signal
const PARAMS = { ...TEST_PARAMS, feePerMessage: 1_000n }
const FEE = PARAMS.feePerMessage
const FUNDS = 10_000_000n
const FRIEND = addressOfPublicKey(publicKeyOf(new Uint8Array(32).fill(6)))

interface Scene extends TestVault {
  readonly desk: WalletDesk
  readonly chain: TestChain
  readonly port: TestChainPort
  readonly view: { joined: boolean; phase: HostView['phase'] }
  readonly restarts: () => number
  /** Makes a block as soon as something waits for one. */
  inBlock<T>(work: Promise<T>): Promise<T>
}

async function scene({ isProtected = true } = {}): Promise<Scene> {
  const made = await openTestVault(walletFolder())
  if (isProtected) {
    await adoptNewWallet(made.vault)
  }
  const { vault, clock } = made
  const { signer } = await vault.hostSecrets()
  const address = vault.state()?.address ?? ''
  const device = {
    owner: address,
    devicePublicKey: signer.identity.devicePublicKey,
    peerId: 'p',
    shape: 'dev',
    moniker: '',
  }
  const chain = new TestChain(PARAMS, [{ ...device, shape: 'dev' }], clock, {
    accounts: [{ address, amount: FUNDS }],
  })
  const unused = { owner: new Uint8Array(32).fill(1), device: new Uint8Array(32).fill(2) }
  const port = new TestChainPort(chain, unused, () => undefined)
  const view = { joined: false, phase: 'idle' as HostView['phase'] }
  let restarts = 0
  const desk = createWalletDesk({
    clock,
    rng: SYSTEM_RNG,
    vault,
    chain: Object.assign(port, { sendOnce: sendOnceOver(vault, chain) }),
    host: {
      deviceAddress: signer.identity.deviceAddress,
      view: () => ({ ...view, record: undefined, epoch: undefined }),
    },
    restartHost: async () => {
      restarts += 1
    },
  })
  return {
    ...{ ...made, desk, chain, port, view, restarts: () => restarts },
    inBlock: (work) => withBlocks(chain, work),
  }
}

/** As the chain port does it: signed by the vault's own signer, with the sequence that the chain names. */
function sendOnceOver(vault: Vault, chain: TestChain): ClosableChainPort['sendOnce'] {
  return async ({ message, fee, memo, timeoutHeight }) => {
    const signer = createTxSigner((await vault.hostSecrets()).signer, 'owner')
    const content = { messages: [message], fee: { amount: fee, gasLimit: 200_000 }, memo, timeoutHeight }
    const bytes = await signTx(content, signer, TEST_CHAIN_ID, chain.sequenceOf(signer.address))
    return chain.offer(bytes, signer.address, [message])
  }
}

async function withBlocks<T>(chain: TestChain, work: Promise<T>): Promise<T> {
  let isDone = false
  const done = work.finally(() => {
    isDone = true
  })
  done.catch(() => undefined)
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve))
    chain.produceBlock()
  }
  return done
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
    return undefined
  } catch (error) {
    return error
  }
}

describe('a transfer', () => {
  it('does what was shown, once', async () => {
    const { desk, port, inBlock } = await scene()
    const shown = await desk.prepareSend({ to: FRIEND, amount: '2500000', memo: 'rent' }, NEVER)
    expect(shown).toMatchObject({
      ...{ to: FRIEND, amount: '2500000', fee: FEE.toString(), remarks: ['new_address'] },
      balanceAfter: (FUNDS - FEE - 2_500_000n).toString(),
    })
    const sent = await inBlock(desk.confirmSend({ sendId: shown.sendId }, NEVER))
    expect(sent).toMatchObject({ code: 0, log: '' })
    expect(sent.height).toBeGreaterThan(0)
    expect((await port.balance(shown.from, NEVER)).toString()).toBe(shown.balanceAfter)
    expect(await port.balance(FRIEND, NEVER)).toBe(2_500_000n)
    expect(await failure(desk.confirmSend({ sendId: shown.sendId }, NEVER))).toMatchObject({ code: 'send_unknown' })
    expect((await desk.prepareSend({ to: FRIEND, amount: '1', memo: '' }, NEVER)).remarks).toEqual([])
    expect((await desk.prepareSend({ to: shown.from, amount: '1', memo: '' }, NEVER)).remarks).toEqual(['to_self'])
  })

  it('is refused with what is wrong about it', async () => {
    const { desk, vault, clock } = await scene()
    const prepare = (to: string, amount: string, memo = '') => failure(desk.prepareSend({ to, amount, memo }, NEVER))
    expect(await prepare('tail1nonsense', '1')).toMatchObject({ code: 'bad_address' })
    expect(await prepare(FRIEND.replace('tail', 'cosmos'), '1')).toMatchObject({ code: 'bad_address' })
    expect(await prepare(FRIEND, '0')).toMatchObject({ code: 'bad_amount' })
    expect(await prepare(FRIEND, '9'.repeat(39))).toMatchObject({ code: 'bad_amount' })
    expect(await prepare(FRIEND, '1', 'ä'.repeat(200))).toMatchObject({ code: 'bad_memo' })
    expect(await prepare(FRIEND, FUNDS.toString())).toMatchObject({
      code: 'insufficient_funds',
      fields: { balance: FUNDS.toString(), fee: FEE.toString() },
    })
    expect(await prepare(FRIEND, (FUNDS - FEE).toString())).toBeUndefined()
    const { sendId } = await desk.prepareSend({ to: FRIEND, amount: '1', memo: '' }, NEVER)
    await vault.lock()
    expect(await prepare(FRIEND, '1')).toMatchObject({ code: 'wallet_locked' })
    expect(await failure(desk.confirmSend({ sendId }, NEVER))).toMatchObject({ code: 'wallet_locked' })
    await clock.advance(5 * 60_000)
    expect(await failure(desk.confirmSend({ sendId, passphrase: PASSPHRASE }, NEVER))).toMatchObject({
      code: 'send_unknown',
    })
  })

  it('opens a locked wallet for itself alone, and a mistyped passphrase costs nothing', async () => {
    const { desk, vault, port, inBlock } = await scene()
    const { sendId } = await desk.prepareSend({ to: FRIEND, amount: '5', memo: '' }, NEVER)
    await vault.lock()
    expect(await failure(desk.confirmSend({ sendId, passphrase: 'not this one' }, NEVER))).toMatchObject({
      code: 'wrong_passphrase',
    })
    expect(await inBlock(desk.confirmSend({ sendId, passphrase: PASSPHRASE }, NEVER))).toMatchObject({ code: 0 })
    expect(vault.state()?.state).toBe('locked')
    expect(await port.balance(FRIEND, NEVER)).toBe(5n)
  })
})

describe('the payout address', () => {
  it('is set and taken back on chain', async () => {
    const { desk, vault, port, inBlock } = await scene()
    const owner = vault.state()?.address ?? ''
    expect(await inBlock(desk.setPayout({ address: FRIEND }, NEVER))).toMatchObject({ code: 0 })
    const record = await port.host(owner, NEVER)
    expect(record?.payoutAddress).toBe(FRIEND)
    const state = vault.state()
    expect(state && walletStateOf(state, record?.deviceAddress ?? '', record)).toMatchObject({
      payoutAddress: FRIEND,
      device: { address: record?.deviceAddress, expiryHeight: Number(record?.deviceExpiryHeight) },
    })
    expect(await inBlock(desk.setPayout({ address: '' }, NEVER))).toMatchObject({ code: 0 })
    expect((await port.host(owner, NEVER))?.payoutAddress).toBe('')
    expect(await failure(desk.setPayout({ address: 'tail1x' }, NEVER))).toMatchObject({ code: 'bad_address' })
  })
})

describe('another wallet', () => {
  it('is refused while joined or leaving, then taken with a new host', async () => {
    const { desk, view, vault, restarts } = await scene({ isProtected: false })
    const draft = await desk.create({ words: 12 })
    const use = {
      draftId: draft.draftId,
      answers: draft.ask.map((at) => draft.words[at - 1] ?? ''),
      passphrase: PASSPHRASE,
    }
    view.joined = true
    expect(errorCode(await failure(desk.use(use)))).toBe('joined')
    Object.assign(view, { joined: false, phase: 'leaving' })
    expect(errorCode(await failure(desk.use(use)))).toBe('joined')
    view.phase = 'idle'
    const used = await desk.use(use)
    expect(used).toMatchObject({ address: draft.address, payoutAddress: '', device: { expiryHeight: 0 } })
    expect(used.device.address).toBe((await vault.hostSecrets()).signer.identity.deviceAddress)
    expect(restarts()).toBe(1)
  })

  it('is found on chain by its words before it is used', async () => {
    const { desk, vault, restarts } = await scene({ isProtected: false })
    const { words } = await vault.reveal({})
    expect(await desk.restore({ words }, NEVER)).toMatchObject({
      address: vault.state()?.address,
      balance: FUNDS.toString(),
      isRegistered: true,
    })
    const unknown = await desk.create({ words: 24 })
    const found = await desk.restore({ words: unknown.words }, NEVER)
    expect(found).toMatchObject({ address: unknown.address, balance: '0', isRegistered: false })
    const same = await desk.restore({ words }, NEVER)
    await desk.use({ draftId: same.draftId, answers: [], passphrase: PASSPHRASE })
    expect(restarts()).toBe(0)
  })
})
