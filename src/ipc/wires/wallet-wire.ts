/**
 * The wallet as the screen sees it. Invariant: words, passphrases and keys travel only in the answers and inputs named here, are
 * never part of a snapshot and never logged; whatever moves money takes two calls, one that says what would happen and one that
 * confirms exactly that.
 */
import { z } from 'zod'
import { addressSchema, amountSchema, countSchema, hexSchema, textSchema } from '../wire.ts'

/** HD path of the one account: coin type 118, as every Cosmos wallet. */
export const WALLET_PATH = "m/44'/118'/0'/0/0"
export const WORD_COUNTS = [12, 24] as const
export const MIN_PASSPHRASE_CHARACTERS = 10
export const MAX_PASSPHRASE_CHARACTERS = 256

const wordCountSchema = z.union([z.literal(12), z.literal(24)])
const wordSchema = z
  .string()
  .min(1)
  .max(16)
  .regex(/^[a-z]+$/)
export const passphraseSchema = z.string().min(1).max(MAX_PASSPHRASE_CHARACTERS)
const draftIdSchema = hexSchema(16)
export const requiredAddressSchema = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[a-z0-9]+$/)

/**
 * `locked`: the address is known, duties go on with the device key, but nothing of the owner can be signed.
 * `protection`: `none` (a practice wallet of a local network, readable by this user's programs), `passphrase`, or `system` (the
 * operating system's key store).
 */
export const walletStateSchema = z.object({
  state: z.enum(['locked', 'open']),
  protection: z.enum(['none', 'passphrase', 'system']),
  /** Made by Tailrace at the first start of a local network, and not replaced since. */
  isStarter: z.boolean(),
  /** The person showed that the words were written down. */
  isBackedUp: z.boolean(),
  /** 0: from an older data folder, without words. */
  wordCount: z.union([z.literal(0), wordCountSchema]),
  address: addressSchema,
  path: textSchema(64),
  /** Where credits go instead of `address`; empty = to `address`. */
  payoutAddress: addressSchema,
  device: z.object({ address: addressSchema, expiryHeight: countSchema }),
})

/** Words to write down; they are shown this once, until the draft is used or 15 minutes are over. */
export const walletDraftSchema = z.object({
  draftId: draftIdSchema,
  words: z.array(wordSchema).min(12).max(24),
  address: requiredAddressSchema,
  path: textSchema(64),
  /** Positions (from 1) whose words `use` asks for. */
  ask: z.array(z.number().int().min(1).max(24)).min(1).max(4),
})

export const walletFoundSchema = z.object({
  draftId: draftIdSchema,
  address: requiredAddressSchema,
  path: textSchema(64),
  /** What the chain knows of this address: proof that these are the right words. */
  balance: amountSchema,
  isRegistered: z.boolean(),
})

export const walletContractSchemas = {
  create: { input: z.object({ words: wordCountSchema }), output: walletDraftSchema },
  /** `bad_words` [position] for a word that is none or a checksum that fails [position 0]. */
  restore: { input: z.object({ words: z.array(wordSchema).min(12).max(24) }), output: walletFoundSchema },
  /**
   * Makes the draft this computer's wallet. `answers`: the asked words of a created draft, empty for a restored one. Refused:
   * `draft_unknown`, `backup_mismatch` [position], `passphrase_weak`, `joined` (leave first), `not_confirmed` where a wallet other than a
   * starter is there and `replaces` is not its address.
   */
  use: {
    input: z.object({
      draftId: draftIdSchema,
      answers: z.array(wordSchema).max(4),
      /** Absent: the system's key store where there is a sound one, else refused with `passphrase_needed`. */
      passphrase: passphraseSchema.optional(),
      replaces: addressSchema.optional(),
    }),
    output: walletStateSchema,
  },
  /** `wrong_passphrase`; three a second at most: `busy`. */
  unlock: { input: z.object({ passphrase: passphraseSchema }), output: walletStateSchema },
  lock: { output: walletStateSchema },
  /** Sets or changes the passphrase; `current` where there is one. */
  protect: {
    input: z.object({ current: passphraseSchema.optional(), next: passphraseSchema }),
    output: walletStateSchema,
  },
  /** The words again, to back them up later; `no_words` where there are none. */
  reveal: { input: z.object({ passphrase: passphraseSchema.optional() }), output: walletDraftSchema },
  /** Answers to the positions that `reveal` asked for. */
  confirmBackup: {
    input: z.object({ draftId: draftIdSchema, answers: z.array(wordSchema).min(1).max(4) }),
    output: walletStateSchema,
  },
  /** What a transfer would do. `bad_address`, `bad_amount`, `insufficient_funds` [balance, fee], `wallet_locked`. */
  prepareSend: {
    input: z.object({ to: requiredAddressSchema, amount: amountSchema, memo: textSchema(256).default('') }),
    output: z.object({
      sendId: draftIdSchema,
      from: requiredAddressSchema,
      to: requiredAddressSchema,
      amount: amountSchema,
      fee: amountSchema,
      balanceAfter: amountSchema,
      /** The receiver is this computer's own, or was never seen on this chain. */
      remarks: z.array(z.enum(['to_self', 'new_address', 'to_payout'])).max(3),
    }),
  },
  /** Signs and sends exactly what was prepared, once; `send_unknown` after 5 minutes or a second time. */
  confirmSend: {
    input: z.object({ sendId: draftIdSchema, passphrase: passphraseSchema.optional() }),
    output: z.object({ txHash: textSchema(64), height: countSchema, code: countSchema, log: textSchema(1_024) }),
  },
  /** Empty: to the owner again. Signed by the owner key. */
  setPayout: {
    input: z.object({ address: addressSchema, passphrase: passphraseSchema.optional() }),
    output: z.object({ txHash: textSchema(64), height: countSchema, code: countSchema, log: textSchema(1_024) }),
  },
} as const

export type WalletStateWire = z.infer<typeof walletStateSchema>
export type WalletDraftWire = z.infer<typeof walletDraftSchema>
export type WalletFoundWire = z.infer<typeof walletFoundSchema>
export type PreparedSendWire = z.infer<(typeof walletContractSchemas)['prepareSend']['output']>
export type SentWire = z.infer<(typeof walletContractSchemas)['confirmSend']['output']>
