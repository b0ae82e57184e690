import { listBatches, readBatch } from '../../../../src/chain/state/work/batches.ts'
import { checksDue, listChecks, WORK_DUTIES } from '../../../../src/chain/state/work/checks.ts'
import { equalBytes } from '../../../../src/lib/bytes.ts'
import type { CheckState } from '../../../../src/protocol/gen/tailrace/v1/state.ts'
import { Duty } from '../../../../src/protocol/gen/tailrace/v1/tx.ts'
import type { Ruling } from '../../../../src/protocol/gen/tailrace/v1/work.ts'
import type { Report } from '../../chain/chain-checks.ts'
import {
  commitChecks,
  commitRuling,
  FAIL,
  FALSE,
  openReceipts,
  PASS,
  postWork,
  reportChecks,
  reportOf,
  revealRuling,
  UNAVAILABLE,
  VALID,
} from '../../chain/chain-checks.ts'
import type { Actor } from '../../chain/chain-harness.ts'
import { pick } from '../../malformed/bend-bytes.ts'
import type { Draft } from '../draft.ts'
import { chance } from '../random.ts'
import type { LiveHost, Move, World } from '../world.ts'
import { liveHosts, mayAct } from '../world.ts'

/** What is drawn of batches: openings, checks, posted data and rulings, each by whoever has to do it now. */
export const CHECK_MOVES: readonly Move[] = [
  { typeUrl: '/tailrace.v1.MsgOpenReceipts', weight: 40, make: makeOpening },
  { typeUrl: '/tailrace.v1.MsgCommitChecks', weight: 40, make: makeCommit },
  { typeUrl: '/tailrace.v1.MsgReportChecks', weight: 40, make: makeReport },
  { typeUrl: '/tailrace.v1.MsgPostWork', weight: 25, make: makePost },
  { typeUrl: '/tailrace.v1.MsgCommitRuling', weight: 40, make: makeRulingCommit },
  { typeUrl: '/tailrace.v1.MsgRevealRuling', weight: 40, make: makeRulingReveal },
]

const LOOKED_AT = 12
/** More would not fit a message, and fewer make more transactions. */
const AT_ONCE = 3

/** What this host has to do of a kind now, in time. */
function dueFor(world: World, host: LiveHost, duty: (typeof WORK_DUTIES)[keyof typeof WORK_DUTIES]): CheckState[] {
  return checksDue(world.store, host.state.owner, duty, LOOKED_AT).filter(
    ({ deadlineHeight }) => deadlineHeight >= BigInt(world.height),
  )
}

function verifiers(world: World): LiveHost[] {
  return liveHosts(world).filter((host) => mayAct(host, world, Duty.DUTY_VERIFY))
}

function makeOpening(world: World): Draft | undefined {
  const { random, store, memory, cast } = world
  for (const host of liveHosts(world)) {
    const [first] = dueFor(world, host, WORK_DUTIES.open)
    const tree = first === undefined ? undefined : memory.trees.get(first.batch)
    if (first === undefined || tree === undefined || chance(random, 0.3)) {
      continue
    }
    const drawn = listChecks(store, first.batch).filter(
      ({ state, deadlineHeight }) => state === 'drawn' && deadlineHeight >= BigInt(world.height),
    )
    const openings = drawn
      .slice(0, AT_ONCE)
      .map(({ point, offset }) => ({ point, opening: tree.openingOf(tree.leafAt(offset)) }))
    const payers = tree.works.map(({ session }) => session)
    const others = [...liveHosts(world).map(({ device }) => device), ...payers]
    const opener = chance(random, 0.6) ? host.device : pick<Actor>(random, others)
    return cast.find(opener.address) === undefined
      ? undefined
      : { actor: opener, messages: [openReceipts(opener, first.batch, openings)] }
  }
  return undefined
}

function own(check: CheckState, host: LiveHost): CheckState['checkers'][number] | undefined {
  return check.checkers.find((checker) => equalBytes(checker.host, host.state.owner))
}

function makeCommit(world: World): Draft | undefined {
  for (const host of verifiers(world)) {
    const due = dueFor(world, host, WORK_DUTIES.check).filter((check) => own(check, host)?.commit.length === 0)
    if (due.length > 0 && chance(world.random, 0.8)) {
      return { actor: host.device, messages: [commitChecks(host, due.slice(0, AT_ONCE))] }
    }
  }
  return undefined
}

const VERDICTS: readonly Report[] = [PASS, PASS, PASS, FAIL, FAIL, { ...PASS, softMargins: 18 }]

function makeReport(world: World): Draft | undefined {
  const { random, height } = world
  for (const host of verifiers(world)) {
    const due = dueFor(world, host, WORK_DUTIES.check)
    const ready = due.filter((check) => {
      const checker = own(check, host)
      return checker !== undefined && checker.commit.length > 0 && checker.commitHeight < BigInt(height)
    })
    const absent = due.filter((check) => own(check, host)?.commit.length === 0 && !check.posted)
    if (absent.length > 0 && chance(random, 0.15)) {
      const reports = absent.slice(0, 1).map((check) => reportOf(host, check, UNAVAILABLE))
      return { actor: host.device, messages: [reportChecks(host, reports)] }
    }
    if (ready.length > 0 && chance(random, 0.8)) {
      const reports = ready.slice(0, AT_ONCE).map((check) => reportOf(host, check, pick(random, VERDICTS)))
      return { actor: host.device, messages: [reportChecks(host, reports)] }
    }
  }
  return undefined
}

/** Data that is demanded, or that arbiters may want. */
function makePost(world: World): Draft | undefined {
  const { random, store, memory } = world
  const hosts = liveHosts(world)
  for (const { id, state, executor } of listBatches(store)) {
    const tree = memory.trees.get(id)
    const isOpen = state === 'checking' && tree !== undefined
    const check = isOpen ? listChecks(store, id).find((one) => isPostable(world, one)) : undefined
    const work = check === undefined ? undefined : tree?.works[tree.leafAt(check.offset)]
    if (check !== undefined && work !== undefined && chance(random, check.state === 'demanded' ? 0.7 : 0.2)) {
      const host = chance(random, 0.7)
        ? hosts.find((one) => equalBytes(one.state.owner, executor))
        : pick(random, hosts)
      return host === undefined
        ? undefined
        : { actor: host.device, messages: [postWork(host.device, check, work.data)] }
    }
  }
  return undefined
}

function isPostable({ height }: World, { state, posted, deadlineHeight }: CheckState): boolean {
  return ['demanded', 'disputed', 'committing'].includes(state) && !posted && deadlineHeight >= BigInt(height)
}

/** By check and host: what is shown later must be what was committed to. */
function rulingOf(host: LiveHost, { batch, point }: CheckState): Ruling {
  const mood = (Number(batch) * 7 + point * 3 + (host.state.owner[0] ?? 0)) % 5
  return mood < 2 ? VALID : mood < 4 ? FALSE : { ...FALSE, maxMargin: 1_000_000 - mood }
}

function makeRulingCommit(world: World): Draft | undefined {
  for (const host of verifiers(world)) {
    const [check] = dueFor(world, host, WORK_DUTIES.rule).filter(({ state }) => state === 'committing')
    if (check !== undefined && chance(world.random, 0.85)) {
      return { actor: host.device, messages: [commitRuling(host, check, rulingOf(host, check))] }
    }
  }
  return undefined
}

function makeRulingReveal(world: World): Draft | undefined {
  for (const host of verifiers(world)) {
    const [check] = dueFor(world, host, WORK_DUTIES.rule).filter(({ state }) => state === 'revealing')
    const isKnown = check !== undefined && readBatch(world.store, check.batch) !== undefined
    if (isKnown && chance(world.random, 0.85)) {
      return { actor: host.device, messages: [revealRuling(host, check, rulingOf(host, check))] }
    }
  }
  return undefined
}
