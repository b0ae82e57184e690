import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { describeSigner } from '../../../../test/conformance/signer.ts'
import { adoptNewWallet, openTestVault, PASSPHRASE, walletFolder } from '../../../../test/support/wallet/test-vault.ts'
import type { PortEnd } from '../../../ipc/port-transport.ts'
import { endOfPort } from '../../../ipc/port-transport.ts'
import { CodedError, errorCode } from '../../../lib/coded-error.ts'
import { SILENT_LOGGER } from '../../../lib/runtime.ts'
import type { Approval } from '../../keys/approvals.ts'
import { createAsk, MAX_CALLS, portMethod, serveCalls } from './call-port.ts'
import { connectVault, serveVault } from './vault-port.ts'

const anything = z.unknown()
const numbers = z.number()
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) {
    close()
  }
})

function ends(): { readonly main: PortEnd; readonly core: PortEnd } {
  const { port1, port2 } = new MessageChannel()
  closers.push(() => port1.close())
  return { main: endOfPort(port1), core: endOfPort(port2) }
}

async function open(confirm: (approval: Approval) => Promise<boolean> = async () => true) {
  const { vault: inMain } = await openTestVault(walletFolder())
  const { main, core } = ends()
  serveVault(main, { vault: inMain, confirm, logger: SILENT_LOGGER })
  return { inMain, main, vault: await connectVault(core) }
}

describeSigner('of a vault in another process', async () => {
  const { vault } = await open()
  await adoptNewWallet(vault)
  const { signer } = await vault.hostSecrets()
  return { signer, approve: (approval) => vault.approve(approval), lock: async () => void (await vault.lock()) }
})

describe('the vault over a port', () => {
  it('shows the same state on both sides, and tells each change', async () => {
    const { inMain, vault } = await open()
    expect(vault.state()).toEqual(inMain.state())
    const told = new Promise<void>((resolve) => vault.onChange(resolve))
    await adoptNewWallet(inMain)
    await told
    expect(vault.state()).toEqual(inMain.state())
    expect(vault.state()?.isStarter).toBe(false)
  })

  it('brings coded errors with their fields', async () => {
    const { vault } = await open()
    const words = Array.from({ length: 12 }, () => 'zebra')
    await expect(vault.restore({ words })).rejects.toMatchObject({ code: 'bad_words', fields: { position: 0 } })
    await adoptNewWallet(vault)
    await vault.lock()
    await expect(vault.unlock({ passphrase: 'wrong words here' })).rejects.toMatchObject({ code: 'wrong_passphrase' })
    expect(await vault.unlock({ passphrase: PASSPHRASE })).toMatchObject({ state: 'open' })
  })

  it('asks the person in main before money may move', async () => {
    const asked: Approval[] = []
    const { vault } = await open(async (approval) => {
      asked.push(approval)
      return false
    })
    const from = vault.state()?.address ?? ''
    const value = { fromAddress: from, toAddress: from, amount: [{ denom: 'utail', amount: '5' }] }
    const approval: Approval = {
      chainId: 'c',
      message: { typeUrl: '/cosmos.bank.v1beta1.MsgSend', value },
      fee: 1n,
      memo: '',
    }
    await expect(vault.approve(approval)).rejects.toMatchObject({ code: 'not_confirmed' })
    expect(asked).toEqual([approval])
  })

  it('fails what is asked when main goes', async () => {
    const { main, vault } = await open()
    const { signer } = await vault.hostSecrets()
    const asked = signer.isOwnerOpen()
    main.close()
    expect(await asked.then(() => 'answered', errorCode)).toMatch(/answered|connection_lost/)
    await expect(signer.signDuty('receipt', new Uint8Array(1))).rejects.toMatchObject({ code: 'connection_lost' })
  })
})

describe('calls over a port', () => {
  it.each([null, 7, {}, { id: -1, method: 'x' }, { id: 1, method: 'x'.repeat(65), input: 0 }])(
    'a malformed question closes it: %j',
    async (message) => {
      const { main, core } = ends()
      serveCalls(main, new Map(), SILENT_LOGGER)
      const closed = new Promise<void>((resolve) => core.onClose(resolve))
      core.start()
      core.post(message)
      await closed
    },
  )

  it('answers what it does not know, and what does not fit, with a coded error', async () => {
    const { main, core } = ends()
    const methods = new Map([
      ['broken', portMethod(anything, () => Promise.reject(new Error('a secret path')))],
      ['coded', portMethod(anything, () => Promise.reject(new CodedError('busy', 'later', { fields: { tries: 2 } })))],
      ['odd', portMethod(anything, async () => 'text')],
    ])
    serveCalls(main, methods, SILENT_LOGGER)
    const ask = createAsk(core)
    await expect(ask('none', undefined, anything)).rejects.toMatchObject({ code: 'invalid_message' })
    const broken = await ask('broken', undefined, anything).catch((error: unknown) => error)
    expect(JSON.stringify(broken)).not.toContain('secret')
    await expect(ask('coded', undefined, anything)).rejects.toMatchObject({ code: 'busy', fields: { tries: 2 } })
    await expect(ask('odd', undefined, numbers)).rejects.toMatchObject({ code: 'malformed_message' })
  })

  it('holds no more than its bound', async () => {
    const { main, core } = ends()
    const release = Promise.withResolvers<void>()
    serveCalls(main, new Map([['wait', portMethod(anything, () => release.promise)]]), SILENT_LOGGER)
    const ask = createAsk(core)
    const calls = Array.from({ length: MAX_CALLS + 1 }, () =>
      ask('wait', undefined, anything).then(() => 'ok', errorCode),
    )
    expect(await calls.at(-1)).toBe('busy')
    release.resolve()
    expect(new Set(await Promise.all(calls.slice(0, -1)))).toEqual(new Set(['ok']))
  })
})
