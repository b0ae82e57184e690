import { equalBytes, utf8 } from '../../../src/lib/bytes.ts'
import type { LedgerEntry } from '../../../src/protocol/gen/tailrace/v1/query.ts'
import {
  QueryBatchRequest,
  QueryBatchResponse,
  QueryLedgerRequest,
  QueryLedgerResponse,
} from '../../../src/protocol/gen/tailrace/v1/query.ts'
import type { BatchState, CheckState } from '../../../src/protocol/gen/tailrace/v1/state.ts'
import type { CheckReport, PointOpening } from '../../../src/protocol/gen/tailrace/v1/tx.ts'
import { CheckVerdict } from '../../../src/protocol/gen/tailrace/v1/tx.ts'
import type { Ruling, WorkData } from '../../../src/protocol/gen/tailrace/v1/work.ts'
import { sha256 } from '../../../src/protocol/hash.ts'
import type { TypedMessage } from '../../../src/protocol/messages.ts'
import { checkCommitHash, rulingCommitHash } from '../../../src/protocol/work/check.ts'
import { WORK_LIMITS } from '../../../src/protocol/work/limits.ts'
import type { ServingParams } from '../../../src/protocol/work/serving-params.ts'
import { LOCAL_SERVING_PARAMS } from '../../../src/protocol/work/serving-params.ts'
import { ask } from './chain-duties.ts'
import type { Actor, ChainHarness, HarnessOptions, HostActor } from './chain-harness.ts'
import { word } from './chain-harness.ts'
import type { TestBatch, Workbench, WorkOptions } from './chain-work.ts'
import { batchMessage, createWorkbench, createWorkChain, ownerOf } from './chain-work.ts'

/**
 * Everybody who has something to do with a batch, block by block: executor, verifiers, arbiters. All are honest unless a role says
 * otherwise. Reports and rulings are made up here; what the chain does with them is what is tested.
 */
export interface Roles {
  /** Who opens the drawn leaves; nobody where it says so. By default the executor's device. */
  readonly opener?: Actor | 'nobody'
  /** Undefined: says nothing. */
  readonly report?: (host: HostActor, check: CheckState) => Report | undefined
  /** Posts what is demanded; by default the executor does. */
  readonly post?: boolean
  /** Undefined: says nothing. */
  readonly rule?: (host: HostActor, check: CheckState) => Ruling | undefined
  /** Commits to a ruling and does not show it. */
  readonly hides?: (host: HostActor) => boolean
}

export interface Report {
  readonly verdict: CheckVerdict
  readonly maxMargin?: number
  readonly softMargins?: number
}

export const PASS: Report = { verdict: CheckVerdict.CHECK_VERDICT_PASS }
/** Far above every class's hard limit. */
export const FAIL: Report = { verdict: CheckVerdict.CHECK_VERDICT_FAIL, maxMargin: 1_000_000, softMargins: 20 }
export const UNAVAILABLE: Report = { verdict: CheckVerdict.CHECK_VERDICT_UNAVAILABLE }

export const VALID: Ruling = { valid: true, maxMargin: 0, softMargins: 0, scoresHash: sha256(utf8('right')) }
export const FALSE: Ruling = { valid: false, maxMargin: 1_000_000, softMargins: 20, scoresHash: sha256(utf8('right')) }

export interface SentBatch {
  readonly id: bigint
  readonly tree: TestBatch
  readonly host: HostActor
}

/** Brings the tree to the chain. */
export function sendBatch(chain: ChainHarness, host: HostActor, tree: TestBatch): SentBatch {
  const result = chain.deliver(host.device, [batchMessage(tree.message)])
  const id = result.events.find(({ type }) => type === 'batch')?.attributes.find(({ key }) => key === 'id')?.value
  if (id === undefined) {
    throw new Error(`the batch was refused: ${result.log}`)
  }
  return { id: BigInt(id), tree, host }
}

export function batchOf(chain: ChainHarness, id: bigint): { batch: BatchState; checks: CheckState[] } {
  const { batch, checks } = ask(chain, 'Batch', QueryBatchRequest.encode({ id }).finish(), QueryBatchResponse)
  if (batch === undefined) {
    throw new Error(`no batch ${id}`)
  }
  return { batch, checks }
}

/** The host's why-ledger, weights and zeros left out. */
export function moneyLines(chain: ChainHarness, host: HostActor): LedgerEntry[] {
  const request = { host: host.owner.address, fromSequence: 0n, limit: 500 }
  const { entries } = ask(chain, 'Ledger', QueryLedgerRequest.encode(request).finish(), QueryLedgerResponse)
  return entries.filter(({ kind }) => kind !== 'zero' && kind !== 'weight')
}

/** The same in words: kind, reason, amount. */
export function moneyWords(chain: ChainHarness, host: HostActor): string[] {
  return moneyLines(chain, host).map(({ kind, reason, amount }) => `${kind} ${reason} ${amount}`)
}

export function openReceipts(signer: Actor, batch: bigint, openings: readonly PointOpening[]): TypedMessage {
  return {
    typeUrl: '/tailrace.v1.MsgOpenReceipts',
    value: { signer: signer.address, batch, openings: [...openings] },
  }
}

/** Openings of these points as the executor's tree has them. */
export function openingsOf(tree: TestBatch, checks: readonly CheckState[]): PointOpening[] {
  return checks.map(({ point, offset }) => ({ point, opening: tree.openingOf(tree.leafAt(offset)) }))
}

export function commitChecks(host: HostActor, checks: readonly CheckState[]): TypedMessage {
  const commits = checks.map(({ batch, point }) => {
    const scoresHash = scoresOf(host)
    return { batch, point, hash: checkCommitHash({ host: ownerOf(host), batch, point, scoresHash }) }
  })
  return { typeUrl: '/tailrace.v1.MsgCommitChecks', value: { signer: host.device.address, commits } }
}

export function reportChecks(host: HostActor, reports: readonly CheckReport[]): TypedMessage {
  return { typeUrl: '/tailrace.v1.MsgReportChecks', value: { signer: host.device.address, reports: [...reports] } }
}

export function reportOf(host: HostActor, { batch, point }: CheckState, report: Report): CheckReport {
  const isSilent = report.verdict === CheckVerdict.CHECK_VERDICT_UNAVAILABLE
  return {
    batch,
    point,
    verdict: report.verdict,
    maxMargin: report.maxMargin ?? 0,
    softMargins: report.softMargins ?? 0,
    scoresHash: isSilent ? new Uint8Array(0) : scoresOf(host),
  }
}

export function postWork(signer: Actor, { batch, point }: CheckState, data: WorkData): TypedMessage {
  return { typeUrl: '/tailrace.v1.MsgPostWork', value: { signer: signer.address, batch, point, data } }
}

export function commitRuling(host: HostActor, { batch, point }: CheckState, ruling: Ruling): TypedMessage {
  const hash = rulingCommitHash({ host: ownerOf(host), batch, point, ruling, salt: SALT })
  return { typeUrl: '/tailrace.v1.MsgCommitRuling', value: { signer: host.device.address, batch, point, hash } }
}

export function revealRuling(host: HostActor, { batch, point }: CheckState, ruling: Ruling): TypedMessage {
  const value = { signer: host.device.address, batch, point, ruling, salt: SALT }
  return { typeUrl: '/tailrace.v1.MsgRevealRuling', value }
}

/** Produces blocks, everybody in his role, until the batch is over or so many have passed. Returns its state. */
export function playBatch(
  chain: ChainHarness,
  hosts: readonly HostActor[],
  sent: SentBatch,
  roles: Roles = {},
  blocks = 120,
): string {
  for (let block = 0; block < blocks && isOpen(chain, sent); block++) {
    playBlock(chain, hosts, [sent], roles)
  }
  return batchOf(chain, sent.id).batch.state
}

/** One block. A transaction that is refused is an error: roles do only what is due. */
export function playBlock(
  chain: ChainHarness,
  hosts: readonly HostActor[],
  batches: readonly SentBatch[],
  roles: Roles = {},
): void {
  const actions = batches.flatMap((sent) => actionsOf(chain, hosts, sent, roles))
  const txs = actions.map(({ actor, message }) => chain.sign(actor, [message]))
  for (const result of chain.produce(txs).txResults.slice(1)) {
    if (result.code !== 0 && word(result) !== 'rate_limited') {
      throw new Error(result.log)
    }
  }
}

/** Blocks until every check of the batch is in one of these states. */
export function playUntil(
  chain: ChainHarness,
  hosts: readonly HostActor[],
  sent: SentBatch,
  states: readonly string[],
  roles: Roles = {},
): CheckState[] {
  for (let block = 0; block < 60; block++) {
    const { checks } = batchOf(chain, sent.id)
    if (checks.length > 0 && checks.every(({ state }) => states.includes(state))) {
      return checks
    }
    playBlock(chain, hosts, [sent], roles)
  }
  throw new Error(`the checks never came to ${states.join()}`)
}

export interface Action {
  readonly actor: Actor
  readonly message: TypedMessage
}

const SALT = new Uint8Array(32).fill(5)
/** Paths and orders of more leaves would not fit the transaction. */
const OPENINGS_AT_ONCE = 16

function isOpen(chain: ChainHarness, { id }: SentBatch): boolean {
  const { state } = batchOf(chain, id).batch
  return state === 'accepted' || state === 'checking'
}

/** What everybody has to do with the batch now, in his role. */
export function actionsOf(chain: ChainHarness, hosts: readonly HostActor[], sent: SentBatch, roles: Roles): Action[] {
  const { checks } = batchOf(chain, sent.id)
  return [
    ...openActions(sent, checks, roles),
    ...postActions(sent, checks, roles),
    ...hosts.flatMap((host) => checkActions(chain, host, checks, roles)),
    ...hosts.flatMap((host) => ruleActions(host, checks, roles)),
  ]
}

function openActions({ id, tree, host }: SentBatch, checks: readonly CheckState[], roles: Roles): Action[] {
  const opener = roles.opener ?? host.device
  const drawn = checks.filter(({ state }) => state === 'drawn').slice(0, OPENINGS_AT_ONCE)
  return opener === 'nobody' || drawn.length === 0
    ? []
    : [{ actor: opener, message: openReceipts(opener, id, openingsOf(tree, drawn)) }]
}

function postActions({ tree, host }: SentBatch, checks: readonly CheckState[], roles: Roles): Action[] {
  const demanded = checks.find(({ state }) => state === 'demanded')
  if (roles.post === false || demanded === undefined) {
    return []
  }
  const { data } = tree.works[tree.leafAt(demanded.offset)] ?? {}
  return data === undefined ? [] : [{ actor: host.device, message: postWork(host.device, demanded, data) }]
}

/** Commits in one block, reports in the next. */
function checkActions(chain: ChainHarness, host: HostActor, checks: readonly CheckState[], roles: Roles): Action[] {
  const planned = checks.flatMap((check) => {
    const own = check.checkers.find((checker) => equalBytes(checker.host, ownerOf(host)))
    const isDue = check.state === 'opened' && own?.verdict === CheckVerdict.CHECK_VERDICT_UNSPECIFIED
    const report = isDue ? (roles.report ?? (() => PASS))(host, check) : undefined
    return report === undefined || own === undefined ? [] : [{ check, report, own }]
  })
  const isSilent = (report: Report): boolean => report.verdict === CheckVerdict.CHECK_VERDICT_UNAVAILABLE
  const commits = planned.filter(({ own, report }) => own.commit.length === 0 && !isSilent(report))
  const reports = planned.filter(
    ({ own, report }) => isSilent(report) || (own.commit.length > 0 && own.commitHeight <= BigInt(chain.height)),
  )
  const most = WORK_LIMITS.commitsPerTransaction
  const actor = host.device
  return [
    ...(commits.length === 0
      ? []
      : [
          {
            actor,
            message: commitChecks(
              host,
              commits.slice(0, most).map(({ check }) => check),
            ),
          },
        ]),
    ...(reports.length === 0
      ? []
      : [
          {
            actor,
            message: reportChecks(
              host,
              reports.slice(0, most).map(({ check, report }) => reportOf(host, check, report)),
            ),
          },
        ]),
  ]
}

function ruleActions(host: HostActor, checks: readonly CheckState[], roles: Roles): Action[] {
  return checks.flatMap((check) => {
    const own = check.arbiters.find((arbiter) => equalBytes(arbiter.host, ownerOf(host)))
    const ruling = own === undefined ? undefined : (roles.rule ?? (() => VALID))(host, check)
    if (own === undefined || ruling === undefined) {
      return []
    }
    if (check.state === 'committing' && own.commit.length === 0) {
      return [{ actor: host.device, message: commitRuling(host, check, ruling) }]
    }
    const canShow = check.state === 'revealing' && own.commit.length > 0 && own.ruling === undefined
    return canShow && roles.hides?.(host) !== true
      ? [{ actor: host.device, message: revealRuling(host, check, ruling) }]
      : []
  })
}

function scoresOf(host: HostActor): Uint8Array {
  return sha256(utf8(`scores of ${host.owner.name}`))
}

/** Windows of a few blocks; no floor, no audits and one verifier a point, so that a test says what it wants of these. */
export const CHECK_SERVING: ServingParams = {
  ...LOCAL_SERVING_PARAMS,
  openingBlocks: 4,
  checkBlocks: 5,
  postBlocks: 3,
  commitBlocks: 4,
  revealBlocks: 3,
  countersignBlocks: 2,
  checkFloor: 0,
  auditPpm: 0,
}

export interface CheckWorld {
  readonly chain: ChainHarness
  readonly bench: Workbench
  readonly hosts: readonly HostActor[]
}

/** A chain on which these hosts serve and the sessions have 10,000 utail each. */
export function createCheckWorld(
  hosts: readonly HostActor[],
  sessions: readonly Actor[],
  serving: Partial<ServingParams> = {},
  params: HarnessOptions['params'] = {},
): CheckWorld {
  const chain = createWorkChain({
    hosts,
    sessions: sessions.map((session) => [session, 10_000n] as const),
    params: { ...params, serving: { ...CHECK_SERVING, ...serving } },
  })
  return { chain, bench: createWorkbench(chain), hosts }
}

/** So many receipts of one payer in a batch. */
export function workAndSend(
  world: CheckWorld,
  session: Actor,
  host: HostActor,
  count: number,
  options: WorkOptions = {},
): SentBatch {
  for (let index = 0; index < count; index++) {
    world.bench.work(session, host, options)
  }
  return sendBatch(world.chain, host, world.bench.batch(host))
}
