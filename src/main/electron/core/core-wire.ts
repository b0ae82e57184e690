/**
 * What main and the core process say to each other, beside the message ports that travel with some of it. Invariant: both ends decode
 * against these schemas; the core cannot make main run, open or sign anything that is not named here.
 */
import { z } from 'zod'
import { screenSnapshotSchema } from '../../../ipc/snapshot.ts'
import { codedErrorSchema, codeSchema, countSchema, textSchema } from '../../../ipc/wire.ts'
import { settingsSchema } from '../../../ipc/wires/settings-wire.ts'
import { troubleSchema } from '../../../ipc/wires/trouble-wire.ts'

export const PAGE_KINDS = ['screen', 'compute'] as const
export type PageKind = (typeof PAGE_KINDS)[number]

/** Members of the local network: the subcommands that main forks for the core, and no others. */
export const MEMBER_COMMANDS = ['node', 'host', 'gateway'] as const

export const coreStartSchema = z.object({
  home: z.string().min(1).max(4_096),
  logFolder: z.string().min(1).max(4_096),
  /** 0 = as stored, else any free port. */
  rpcPort: z.number().int().min(0).max(65_535),
  settingsFile: z.string().min(1).max(4_096),
  /** Settings that the command line gave. */
  flags: settingsSchema.pick({ allowSoftwareAdapter: true }).partial(),
})
export type CoreStart = z.infer<typeof coreStartSchema>

const childEventSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('started'), pid: countSchema }),
  z.object({ kind: z.literal('line'), text: z.string().max(8_192) }),
  z.object({ kind: z.literal('log'), text: z.string().max(8_192) }),
  z.object({ kind: z.literal('exit'), reason: textSchema(256) }),
])
export type ChildEvent = z.infer<typeof childEventSchema>

export const CORE_COMMANDS = ['join', 'finish'] as const
export type CoreCommand = (typeof CORE_COMMANDS)[number]

export const updateSchema = screenSnapshotSchema.shape.update

export const toCoreSchema = z.discriminatedUnion('type', [
  /** First, with one port: the keys (keys/signer-port.ts). */
  z.object({ type: z.literal('start'), options: coreStartSchema }),
  /** With one port: a page that speaks the contract. */
  z.object({ type: z.literal('page'), kind: z.enum(PAGE_KINDS) }),
  /** From the tray. */
  z.object({ type: z.literal('command'), command: z.enum(CORE_COMMANDS) }),
  z.object({ type: z.literal('power'), event: z.enum(['suspend', 'resume']) }),
  z.object({ type: z.literal('update'), update: updateSchema }),
  z.object({ type: z.literal('child'), id: countSchema, event: childEventSchema }),
  /** `safely`: first to a point where stopping forfeits nothing. A second one, without, cuts that short. */
  z.object({ type: z.literal('stop'), safely: z.boolean() }),
])
export type ToCore = z.infer<typeof toCoreSchema>

/** What tray, notifications and settings of the desktop need of a snapshot. */
export const coreViewSchema = z.object({
  phase: screenSnapshotSchema.shape.phase,
  joined: z.boolean(),
  isFinishing: z.boolean(),
  connection: screenSnapshotSchema.shape.chain.shape.connection,
  /** Proven faults of this host, and the code of the last. */
  faults: countSchema,
  faultCode: textSchema(64),
  hasEarned: z.boolean(),
  /** utail, held and credited. */
  earned: textSchema(40),
  troubles: z.array(troubleSchema.pick({ code: true, level: true })).max(16),
  update: updateSchema,
  settings: settingsSchema.pick({
    autostart: true,
    closeToTray: true,
    notifyFault: true,
    notifyUpdate: true,
    notifyEarning: true,
  }),
})
export type CoreView = z.infer<typeof coreViewSchema>

export const fromCoreSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('view'), view: coreViewSchema }),
  /** It could not start, or broke, and exits. */
  z.object({ type: z.literal('failed'), error: codedErrorSchema }),
  /** From the command line: bring the screen to the front, or quit as the tray does. */
  z.object({ type: z.literal('asked'), what: z.enum(['show', 'quit']) }),
  /** A line for the terminal. */
  z.object({ type: z.literal('say'), line: textSchema(1_024) }),
  z.object({
    type: z.literal('fork'),
    id: countSchema,
    name: codeSchema,
    args: z.tuple([z.enum(MEMBER_COMMANDS)]).rest(z.string().max(4_096)),
  }),
  z.object({ type: z.literal('end_child'), id: countSchema, force: z.boolean() }),
  /** Everything is stopped; the process exits now. */
  z.object({ type: z.literal('stopped') }),
])
export type FromCore = z.infer<typeof fromCoreSchema>
