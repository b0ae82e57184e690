/**
 * The one contract between screen and host: each procedure with the schema of its input and output. Client and server are
 * derived from this value, so neither can drift. Invariant: whatever fails arrives as one error `CODED` whose data is a coded
 * error; nothing else leaves the host. Read next: screen-router.ts (the host's end), screen-client.ts (the screen's end).
 */
import { eventIterator, oc } from '@orpc/contract'
import { z } from 'zod'
import { ledgerEntrySchema, ledgerTotalsSchema, screenSnapshotSchema } from './snapshot.ts'
import { codedErrorSchema, countSchema, hexSchema, textSchema, u64Schema } from './wire.ts'
import { leaseEventSchema, leaseInputSchema, replyInputSchema, replyOutcomeSchema } from './wires/compute-wire.ts'
import { chatEventSchema, chatInputSchema, receiptVerdictSchema } from './wires/developer-wire.ts'
import { earningsInputSchema, earningsPageSchema } from './wires/earnings-wire.ts'
import {
  findingSchema,
  logLineSchema,
  logTailInputSchema,
  MAX_LOG_LINES,
  MAX_REPORT_CHARACTERS,
  machineReadingsSchema,
} from './wires/machine-wire.ts'
import { settingsPatchSchema, settingsStateSchema } from './wires/settings-wire.ts'
import { walletContractSchemas } from './wires/wallet-wire.ts'

export const MAX_LEDGER_PAGE = 200

/** A receipt file with its tokens; a message of the socket holds it. */
export const MAX_RECEIPT_CHARACTERS = 900_000

const base = oc.errors({ CODED: { status: 400, data: codedErrorSchema } })

/** What a command did: `done`, or why nothing changed. */
const commandSchema = z.object({ outcome: z.enum(['accepted', 'already']) })

export const screenContract = {
  screen: {
    /** Full snapshots: the present one at once, then at most four a second, always the newest. */
    watch: base.output(eventIterator(screenSnapshotSchema)),
  },
  host: {
    /** Accepted: the snapshot's phase tells the rest. */
    join: base.output(commandSchema),
    /** At once: says nothing more to anybody; what is not batched is forfeited (work.forfeits). */
    leave: base.output(commandSchema),
    /** Ends current work, waits for the draws of the last batch, then leaves. A join cancels it. */
    finish: base.output(commandSchema),
  },
  ledger: {
    /** Entries from `fromSequence` on, ascending; 0 = from the oldest kept. */
    list: base
      .input(z.object({ fromSequence: u64Schema, limit: z.number().int().min(1).max(MAX_LEDGER_PAGE) }))
      .output(z.object({ entries: z.array(ledgerEntrySchema).max(MAX_LEDGER_PAGE), totals: ledgerTotalsSchema })),
  },
  receipts: {
    /** The bundle of one order of this host or of the gateway here, as the text of its file; undefined while it is not on chain. */
    file: base
      .input(z.object({ orderHash: hexSchema(32) }))
      .output(z.object({ name: textSchema(128), text: textSchema(MAX_RECEIPT_CHARACTERS).optional() })),
    /** Verifies the same bundle: by itself, then against the chain. */
    verify: base.input(z.object({ orderHash: hexSchema(32) })).output(receiptVerdictSchema),
  },
  playground: {
    /** One chat turn through the local gateway, as a developer's request; ends with `done` or `failed`. */
    chat: base.input(chatInputSchema).output(eventIterator(chatEventSchema)),
  },
  /** Anything that needs the owner key fails with `wallet_locked` while it is locked. */
  wallet: {
    create: base.input(walletContractSchemas.create.input).output(walletContractSchemas.create.output),
    restore: base.input(walletContractSchemas.restore.input).output(walletContractSchemas.restore.output),
    use: base.input(walletContractSchemas.use.input).output(walletContractSchemas.use.output),
    unlock: base.input(walletContractSchemas.unlock.input).output(walletContractSchemas.unlock.output),
    lock: base.output(walletContractSchemas.lock.output),
    protect: base.input(walletContractSchemas.protect.input).output(walletContractSchemas.protect.output),
    reveal: base.input(walletContractSchemas.reveal.input).output(walletContractSchemas.reveal.output),
    confirmBackup: base
      .input(walletContractSchemas.confirmBackup.input)
      .output(walletContractSchemas.confirmBackup.output),
    prepareSend: base.input(walletContractSchemas.prepareSend.input).output(walletContractSchemas.prepareSend.output),
    confirmSend: base.input(walletContractSchemas.confirmSend.input).output(walletContractSchemas.confirmSend.output),
    setPayout: base.input(walletContractSchemas.setPayout.input).output(walletContractSchemas.setPayout.output),
  },
  settings: {
    /** All or nothing; answers what is in force then. */
    change: base.input(settingsPatchSchema).output(settingsStateSchema),
  },
  earnings: {
    history: base.input(earningsInputSchema).output(earningsPageSchema),
  },
  machine: {
    readings: base.output(machineReadingsSchema),
    /**
     * Runs the known answers through the kernels again and answers when that is done, after seconds; the snapshot's device tells the
     * result. `already`: somebody else asked. `busy` while a race has the device, `no_conformant_backend`.
     */
    recheck: base.output(commandSchema),
    /** What would keep this machine from earning. */
    doctor: base.output(z.object({ findings: z.array(findingSchema).max(64) })),
  },
  logs: {
    /** The newest lines of a file that fit, oldest first. `not_found` [file]. */
    tail: base
      .input(logTailInputSchema)
      .output(z.object({ lines: z.array(logLineSchema).max(MAX_LOG_LINES), isCut: z.boolean() })),
    /** A file to send to whoever helps: versions, settings, troubles, readings and logs, without names, addresses, keys and paths. */
    report: base.output(z.object({ name: textSchema(128), text: textSchema(MAX_REPORT_CHARACTERS) })),
    /** Where the logs are, newest file first. */
    info: base.output(
      z.object({
        folder: textSchema(1_024),
        files: z.array(z.object({ name: textSchema(256), sizeBytes: countSchema, modifiedAtMs: countSchema })).max(64),
      }),
    ),
  },
  compute: {
    /** Asks for the one compute lease; the requests to this tab arrive as events until the lease ends. */
    lease: base.input(leaseInputSchema).output(eventIterator(leaseEventSchema)),
    reply: base.input(replyInputSchema).output(replyOutcomeSchema),
  },
}

export type ScreenContract = typeof screenContract
