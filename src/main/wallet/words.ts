/** The words of a wallet and the key behind them: BIP-39 words (English list), BIP-32 derivation along one path. */
import { HDKey } from '@scure/bip32'
import { entropyToMnemonic, mnemonicToEntropy, mnemonicToSeedWebcrypto } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { WALLET_PATH, WORD_COUNTS } from '../../ipc/wires/wallet-wire.ts'
import { CodedError } from '../../lib/coded-error.ts'

export type WordCount = (typeof WORD_COUNTS)[number]

const KNOWN: ReadonlySet<string> = new Set(wordlist)

/** Bytes of entropy behind so many words. */
export function entropyBytes(words: WordCount): number {
  return (words * 4) / 3
}

export function wordsOfEntropy(entropy: Uint8Array): string[] {
  return entropyToMnemonic(entropy, wordlist).split(' ')
}

/** @throws CodedError `bad_words` [position from 1 of a word that is none; 0: their number or their checksum is wrong] */
export function entropyOfWords(words: readonly string[]): Uint8Array {
  const unknown = words.findIndex((word) => !KNOWN.has(word))
  if (unknown >= 0) {
    throw badWords(unknown + 1, `word ${unknown + 1} is not on the list`)
  }
  if (!WORD_COUNTS.some((count) => count === words.length)) {
    throw badWords(0, 'a wallet has 12 or 24 words')
  }
  try {
    return mnemonicToEntropy(words.join(' '), wordlist)
  } catch {
    throw badWords(0, 'the words do not belong together: one is wrong or two are swapped')
  }
}

/** The secp256k1 key at the wallet's path, 32 bytes. */
export async function keyOfEntropy(entropy: Uint8Array): Promise<Uint8Array> {
  const seed = await mnemonicToSeedWebcrypto(entropyToMnemonic(entropy, wordlist))
  const { privateKey } = HDKey.fromMasterSeed(seed).derive(WALLET_PATH)
  seed.fill(0)
  if (privateKey === null) {
    throw new CodedError('internal', 'a private derivation has a private key')
  }
  return privateKey
}

function badWords(position: number, message: string): CodedError {
  return new CodedError('bad_words', message, { fields: { position } })
}
