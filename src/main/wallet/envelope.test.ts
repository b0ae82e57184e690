import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { errorCode } from '../../lib/coded-error.ts'
import { SYSTEM_RNG } from '../system.ts'
import type { Sealing, WalletFile } from './envelope.ts'
import { decodeWalletFile, encodeWalletFile, openWallet, sealingOfPassphrase, sealWallet } from './envelope.ts'
import { isCostAllowed } from './passphrase.ts'
import type { SystemStore } from './system-store.ts'
import { headerOf } from './wallet-home.ts'
import { keyOfEntropy } from './words.ts'

const COST = { n: 2 ** 14, r: 8, p: 1 }
const PASSPHRASE = 'correct horse battery'
/** What a system's store is to the envelope: something that only itself can undo. */
const STORE: SystemStore = {
  isSound: async () => true,
  encrypt: async (text) => Buffer.from(text).map((byte) => byte ^ 0x5a),
  decrypt: async (sealed) => Buffer.from(sealed.map((byte) => byte ^ 0x5a)).toString(),
}

async function sealed(secret: Uint8Array, sealing: Sealing): Promise<WalletFile> {
  const header = headerOf(await keyOfEntropy(secret), {
    wordCount: secret.length === 16 ? 12 : 24,
    isStarter: false,
    isBackedUp: true,
  })
  return sealWallet(header, secret, sealing, SYSTEM_RNG)
}

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work()
    return ''
  } catch (error) {
    return errorCode(error)
  }
}

/** The file with something changed, under a checksum that fits again. */
function forged(wallet: WalletFile, change: object): WalletFile {
  return decodeWalletFile(encodeWalletFile({ ...wallet, ...change } as WalletFile))
}

describe('an envelope', () => {
  it('gives back any secret under each protection, and shows none of it but without one', async () => {
    const passphrase = await sealingOfPassphrase(PASSPHRASE, COST, SYSTEM_RNG)
    const sealings: readonly Sealing[] = [{ protection: 'none' }, passphrase, { protection: 'system', store: STORE }]
    const secrets = fc.constantFrom(16, 32).chain((length) => fc.uint8Array({ minLength: length, maxLength: length }))
    await fc.assert(
      fc.asyncProperty(secrets, fc.constantFrom(...sealings), async (secret, sealing) => {
        const text = encodeWalletFile(await sealed(secret, sealing))
        const opened = await openWallet(decodeWalletFile(text), { passphrase: PASSPHRASE, store: STORE })
        expect(opened.secret).toEqual(secret)
        expect(opened.ownerKey).toEqual(await keyOfEntropy(secret))
        expect(text.includes(toHex(secret)) || text.includes(toHex(opened.ownerKey))).toBe(
          sealing.protection === 'none',
        )
      }),
      { numRuns: 12 },
    )
  })

  it('tells a wrong passphrase from a damaged file, a newer version and a lost key store', async () => {
    const secret = SYSTEM_RNG.bytes(32)
    const wallet = await sealed(secret, await sealingOfPassphrase(PASSPHRASE, COST, SYSTEM_RNG))
    expect(await codeOf(() => openWallet(wallet, { passphrase: `${PASSPHRASE}!` }))).toBe('wrong_passphrase')
    expect(await codeOf(() => openWallet(wallet, {}))).toBe('passphrase_needed')
    const text = encodeWalletFile(wallet)
    const nibble = text.indexOf('"ciphertext": "') + 20
    const rotten = `${text.slice(0, nibble)}${text[nibble] === '0' ? '1' : '0'}${text.slice(nibble + 1)}`
    expect(await codeOf(() => decodeWalletFile(rotten))).toBe('damaged_file')
    expect(await codeOf(() => decodeWalletFile('{"version": 2, "anything": 1}'))).toBe('newer_data')
    const kept = await sealed(secret, { protection: 'system', store: STORE })
    expect(await codeOf(() => openWallet(kept, {}))).toBe('system_store_failed')
    const lost: SystemStore = { ...STORE, decrypt: () => Promise.reject(new Error('another user')) }
    expect(await codeOf(() => openWallet(kept, { store: lost }))).toBe('system_store_failed')
  })

  it('authenticates what stands in the clear', async () => {
    const wallet = await sealed(SYSTEM_RNG.bytes(16), await sealingOfPassphrase(PASSPHRASE, COST, SYSTEM_RNG))
    for (const change of [{ isBackedUp: false }, { isStarter: true }, { wordCount: 24 as const }]) {
      expect(await codeOf(() => openWallet(forged(wallet, change), { passphrase: PASSPHRASE }))).toBe(
        'wrong_passphrase',
      )
    }
    const other = await sealed(SYSTEM_RNG.bytes(16), { protection: 'none' })
    const { address, publicKey } = other
    expect(await codeOf(() => openWallet(forged(wallet, { address, publicKey }), { passphrase: PASSPHRASE }))).toBe(
      'wrong_passphrase',
    )
    expect(await codeOf(() => forged(wallet, { address }))).toBe('damaged_file')
    const open = await sealed(SYSTEM_RNG.bytes(16), { protection: 'none' })
    expect(await codeOf(() => openWallet(forged(open, { secret: '11'.repeat(16) }), {}))).toBe('damaged_file')
  })

  it('asks for no key derivation that is out of bounds', async () => {
    const wallet = await sealed(SYSTEM_RNG.bytes(16), await sealingOfPassphrase(PASSPHRASE, COST, SYSTEM_RNG))
    if (wallet.protection !== 'passphrase') {
      throw new Error('sealed with a passphrase')
    }
    for (const cost of [{ n: 2 }, { n: 2 ** 21 }, { n: 2 ** 14 + 1 }, { r: 0 }, { r: 1_000 }, { p: 0 }, { p: 64 }]) {
      expect(await codeOf(() => forged(wallet, { kdf: { ...wallet.kdf, ...cost } }))).toBe('damaged_file')
    }
    expect(isCostAllowed({ n: 2 ** 17, r: 8, p: 1 })).toBe(true)
    expect(isCostAllowed({ n: 2 ** 20, r: 16, p: 1 })).toBe(false)
  })

  it('makes only coded errors of whatever lies in the file', async () => {
    const wallet = await sealed(SYSTEM_RNG.bytes(16), { protection: 'none' })
    const text = encodeWalletFile(wallet)
    const cut = fc.nat(text.length).map((length) => text.slice(0, length))
    const changed = fc
      .tuple(fc.constantFrom(...Object.keys(wallet)), fc.jsonValue())
      .map(([name, value]) => JSON.stringify({ ...(JSON.parse(text) as object), [name]: value }))
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json(), cut, changed), async (given) => {
        const code = await codeOf(() => decodeWalletFile(given))
        expect(['', 'damaged_file', 'newer_data']).toContain(code)
        if (code === '') {
          expect(decodeWalletFile(given)).toEqual(wallet)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('of an older folder holds the key itself', async () => {
    const key = fromHex('11'.repeat(32))
    const header = headerOf(key, { wordCount: 0, isStarter: true, isBackedUp: false })
    const opened = await openWallet(await sealWallet(header, key, { protection: 'none' }, SYSTEM_RNG), {})
    expect(opened.ownerKey).toEqual(key)
  })
})
