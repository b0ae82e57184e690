import { describe, expect, test } from 'vitest'
import { SILENT_LOGGER } from '../../../lib/runtime.ts'
import type { CheckerState, CheckState } from '../../../protocol/gen/tailrace/v1/state.ts'
import { CheckState as CheckStateCodec } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { Duty } from './duty.ts'
import { DutyBook } from './duty-book.ts'

const HOST = new Uint8Array(20).fill(1)
const OPENING = { leaf: {}, order: { order: {} }, receipt: { receipt: {} } }

function check(point: number, deadline: number, fields: Partial<CheckState> = {}): CheckState {
  const state = { batch: 1n, point, state: 'opened', deadlineHeight: BigInt(deadline), ...fields }
  return CheckStateCodec.fromPartial({ opening: OPENING, checkers: [{ host: HOST }], ...state })
}

function newBook(...checks: readonly CheckState[]): DutyBook {
  const book = new DutyBook(HOST, SILENT_LOGGER)
  book.sync(duties(...checks), 10)
  return book
}

function duties(...checks: readonly CheckState[]) {
  return { openings: [], demands: [], rulings: [], checks: [...checks] }
}

function points(list: readonly Duty[]): number[] {
  return list.map(({ place }) => place.point)
}

const COMMIT = { kind: 'commit', part: { batch: 1n, point: 0, hash: new Uint8Array(32) } } as const

describe('the book of duties', () => {
  test('begins with the nearest deadline; what was tried in vain stands behind what was not', () => {
    const book = newBook(check(0, 30), check(1, 20), check(2, 25))
    const [first] = book.startable(10)
    expect(points(book.startable(10))).toEqual([1, 2, 0])
    ;(first as Duty).triedHeight = 10
    expect(points(book.startable(10))).toEqual([2, 0, 1])
  })

  test('leaves out what runs, rests, is to be sent, is done, or is too late', () => {
    const book = newBook(...[20, 20, 20, 20, 21, 10].map((deadline, point) => check(point, deadline)))
    const byPoint = book.startable(9).sort((a, b) => a.place.point - b.place.point)
    const [running, resting, sending, finished] = byPoint as [Duty, Duty, Duty, Duty]
    running.isRunning = true
    book.rest(resting, 9, 3)
    sending.outgoing = COMMIT
    finished.finishedHeight = 9
    expect(points(book.startable(9))).toEqual([5, 4])
    expect(points(book.startable(10))).toEqual([4])
    expect(points(book.startable(12))).toEqual([4])
    expect(points(book.startable(13))).toEqual([1, 4])
    expect(points(book.startable(20))).toEqual([4])
    expect(points(book.sendable(19).map(({ duty }) => duty))).toEqual([2])
    expect(book.sendable(20)).toEqual([])
  })

  test('drops what the chain no longer lists, and ends what is done for it', () => {
    const book = newBook(check(0, 20), check(1, 20))
    const [duty] = book.startable(10)
    book.sync(duties(check(1, 20)), 11)
    expect(duty?.gone.signal.aborted).toBe(true)
    expect(points(book.startable(11))).toEqual([1])
  })

  test('begins anew where the chain still lists what was finished before: the data was posted', () => {
    const book = newBook(check(0, 20))
    const [duty] = book.startable(10)
    ;(duty as Duty).finishedHeight = 12
    book.sync(duties(check(0, 20)), 11)
    expect(book.startable(11)).toEqual([])
    book.sync(duties(check(0, 40, { posted: true })), 12)
    const [again] = book.startable(12)
    expect(again).not.toBe(duty)
    expect(again?.check.posted).toBe(true)
  })

  test('believes the chain about a commit, whatever became of its sending', () => {
    const book = newBook(check(0, 20))
    const [duty] = book.startable(10) as [Duty]
    duty.outgoing = COMMIT
    const own = { host: HOST, commit: new Uint8Array(32).fill(9) } as CheckerState
    book.sync(duties(check(0, 20, { checkers: [own] })), 11)
    expect(duty.committed).toEqual(own.commit)
    expect(book.sendable(11)).toEqual([])
    expect(points(book.startable(11))).toEqual([0])
  })

  test('rings once for everybody who waits', async () => {
    const book = newBook()
    const rung = [book.nextRing(), book.nextRing()]
    book.sync(duties(), 11)
    await expect(Promise.all(rung)).resolves.toEqual([undefined, undefined])
  })

  test('a check that cannot be understood is left out', () => {
    const book = new DutyBook(HOST, SILENT_LOGGER)
    book.sync(duties({ ...check(0, 20), opening: undefined }, check(1, 20)), 10)
    expect(points(book.startable(10))).toEqual([1])
  })
})
