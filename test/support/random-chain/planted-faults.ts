import type { Application, StateStore } from '../../../src/chain/application.ts'
import { balanceKey, sequenceKey } from '../../../src/chain/state/keys.ts'
import { runTx } from '../../../src/chain/tx/run-tx.ts'
import { bigintToBytes, bytesToBigint, compareBytes, toHex } from '../../../src/lib/bytes.ts'
import { LaneState } from '../../../src/protocol/gen/tailrace/v1/state.ts'
import { sha256 } from '../../../src/protocol/hash.ts'
import { prefixOfKey } from './audit/records.ts'
import { bytesOfActor, theCast } from './cast.ts'
import type { Planted } from './run/play.ts'

/**
 * Faults as a careless change would bring them in, one at a time: lost and wrong writes, traces of what was refused, results that
 * depend on order, on restarts or on what a node was asked. Each must be found by the properties, or these are hollow.
 */
export interface PlantedFault {
  readonly name: string
  /** Beginning of the names of the properties that may find it. */
  readonly found: RegExp
  readonly planted: Planted
}

function everyStore(change: (store: StateStore) => Partial<StateStore>): Planted {
  return { machine: { wrapStore: (store) => ({ ...store, ...change(store) }) } }
}

/** True at every `every`-th call. */
function countdown(every: number): () => boolean {
  let calls = 0
  return () => {
    calls += 1
    return calls % every === 0
  }
}

function everyApp(change: (app: Application) => Partial<Application>): Planted {
  return { machine: { wrapApp: (app) => ({ ...app, ...change(app) }) } }
}

const STATE = /entries|adds up|agree|fall|tree|record/

export const PLANTED_FAULTS: readonly PlantedFault[] = [
  {
    name: 'a write is lost',
    found: STATE,
    planted: everyStore((store) => {
      const isLost = countdown(97)
      return { set: (key, value) => (isLost() ? undefined : store.set(key, value)) }
    }),
  },
  {
    name: 'a balance is off by one',
    found: STATE,
    planted: everyStore((store) => {
      const isOff = countdown(9)
      return {
        set: (key, value) => {
          const isBalance = prefixOfKey(key) === 'balance' && isOff()
          store.set(key, isBalance ? bigintToBytes(bytesToBigint(value) + 1n, value.length) : value)
        },
      }
    }),
  },
  {
    name: 'an index keeps what is gone',
    found: STATE,
    planted: everyStore((store) => ({
      delete: (key) => (prefixOfKey(key) === 'openBatch' ? undefined : store.delete(key)),
    })),
  },
  {
    name: 'an event is never scheduled',
    found: STATE,
    planted: everyStore((store) => {
      const isLost = countdown(5)
      return { set: (key, value) => (prefixOfKey(key) === 'due' && isLost() ? undefined : store.set(key, value)) }
    }),
  },
  {
    name: 'a lane goes back',
    found: STATE,
    planted: everyStore((store) => {
      const isFalling = countdown(6)
      return {
        set: (key, value) => {
          const lane = prefixOfKey(key) === 'lane' && isFalling() ? LaneState.decode(value) : undefined
          const fallen =
            lane === undefined ? value : LaneState.encode({ ...lane, accepted: lane.accepted >> 1n }).finish()
          store.set(key, fallen)
        },
      }
    }),
  },
  {
    name: 'entries come in another order',
    found: /same|alone|agree/,
    planted: everyStore((store) => {
      const salt = new Uint8Array(8).map(() => Math.floor(nextSalt() * 256))
      return {
        *range(from, to, options) {
          const rank = ([key]: readonly [Uint8Array, Uint8Array]): Uint8Array =>
            sha256(new Uint8Array([...salt, ...key]))
          yield* [...store.range(from, to, options)].sort((a, b) => compareBytes(rank(a), rank(b)))
        },
      }
    }),
  },
  {
    name: 'a refused transaction leaves a trace',
    found: /refused/,
    planted: {
      runTx: (run, bytes) => {
        const result = runTx(run, bytes)
        if (result.code !== 0 && result.events.length > 0) {
          run.store.set(balanceKey(new Uint8Array(20)), bigintToBytes(1n, 16))
        }
        return result
      },
    },
  },
  {
    name: 'a refused transaction can be sent again',
    found: /refused/,
    planted: {
      runTx: (run, bytes) => {
        const before = senders().map((key) => [key, run.store.get(key)] as const)
        const result = runTx(run, bytes)
        for (const [key, value] of result.code === 0 || result.events.length === 0 ? [] : before) {
          if (value === undefined) {
            run.store.delete(key)
          } else {
            run.store.set(key, value)
          }
        }
        return result
      },
    },
  },
  {
    name: 'a transaction makes money',
    found: /conserves/,
    planted: {
      runTx: (run, bytes) => {
        const result = runTx(run, bytes)
        const key = balanceKey(new Uint8Array(20).fill(7))
        if (result.code === 0 && result.events.some(({ type }) => type === 'transfer')) {
          run.store.set(key, bigintToBytes(bytesToBigint(run.store.get(key) ?? new Uint8Array(1)) + 1n, 16))
        }
        return result
      },
    },
  },
  {
    name: 'a block runs transactions in another order',
    found: /alone|result/,
    planted: everyApp((app) => ({
      finalizeBlock: (input) => {
        const [first, ...rest] = input.txs
        return app.finalizeBlock({ ...input, txs: first === undefined ? [] : [first, ...rest.reverse()] })
      },
    })),
  },
  {
    name: 'a count since the start enters the app hash',
    found: /app hash/,
    planted: everyApp((app) => {
      let blocks = 0
      return {
        finalizeBlock: (input) => {
          blocks += 1
          const result = app.finalizeBlock(input)
          return blocks < 5 ? result : { ...result, appHash: sha256(result.appHash) }
        },
      }
    }),
  },
  {
    name: 'a check of the mempool writes to the state',
    found: /same|adds up/,
    planted: {
      machine: {
        wrapApp: (app, store) => ({
          ...app,
          checkTx: (bytes, options) => {
            const result = app.checkTx(bytes, options)
            const [first] = store.entries()
            if (result.code === 0 && first !== undefined) {
              store.set(sequenceKey(bytesOfActor(theCast().accounts[0] as never)), bigintToBytes(77n, 8))
            }
            return result
          },
        }),
      },
    },
  },
  {
    name: 'a dropped block leaves a trace',
    found: /same/,
    planted: everyApp((app) => {
      let finalized = 0
      return {
        finalizeBlock: (input) => {
          const result = app.finalizeBlock(input)
          finalized += 1
          return finalized === 1 ? result : { ...result, events: [...result.events, { type: 'again', attributes: [] }] }
        },
        commit: () => {
          finalized = 0
          app.commit()
        },
      }
    }),
  },
  {
    name: 'the work of a block grows with the state',
    found: /bounded/,
    planted: everyStore((store) => ({
      get: (key) => {
        const all = [...store.range(new Uint8Array(0), Uint8Array.of(0xff))]
        return all.find(([one]) => toHex(one) === toHex(key))?.[1]
      },
    })),
  },
]

let salts = 0
function nextSalt(): number {
  salts = (salts * 16_807 + 11) % 2_147_483_647
  return salts / 2_147_483_647
}

function senders(): Uint8Array[] {
  const { accounts, founders } = theCast()
  return [...accounts, ...founders.flatMap(({ owner, device }) => [owner, device])].map((actor) =>
    sequenceKey(bytesOfActor(actor)),
  )
}
