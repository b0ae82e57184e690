import { describe, expect, it } from 'vitest'
import { settle } from '../../../../test/support/screen/settle.ts'
import { VirtualClock } from '../../../../test/support/virtual-clock.ts'
import { CodedError } from '../../../lib/coded-error.ts'
import { SILENT_LOGGER } from '../../../lib/runtime.ts'
import { failureWords } from '../desktop-words.ts'
import type { CoreState } from './core-keeper.ts'
import { CoreKeeper, FINAL_CODES } from './core-keeper.ts'
import type { CoreStart, FromCore } from './core-wire.ts'
import type { ForkedProcess } from './forked-process.ts'

const OPTIONS: CoreStart = { home: '/h', logFolder: '/h/logs', rpcPort: 0, settingsFile: '/h/s.json', flags: {} }

/** A core that fails with this code each time that it is started. */
async function keep(code: string) {
  const clock = new VirtualClock()
  const states: CoreState[] = []
  let failure: CodedError | undefined
  let starts = 0
  function fork(): ForkedProcess {
    starts += 1
    let say: (message: FromCore) => void = () => undefined
    let end: (code: number) => void = () => undefined
    queueMicrotask(() => {
      say({ type: 'failed', error: new CodedError(code, 'so it is').toJSON() })
      end(1)
    })
    return {
      post: () => undefined,
      onMessage: (listener) => {
        say = listener
      },
      onStart: () => undefined,
      onLine: () => undefined,
      onExit: (listener) => {
        end = listener
      },
      kill: () => end(137),
    }
  }
  const listener = {
    onState: (state: CoreState, error: CodedError | undefined) => {
      states.push(state)
      failure = error
    },
    onView: () => undefined,
    onSay: () => undefined,
    onAsked: () => undefined,
  }
  const openKeys = () => ({ close: () => undefined })
  const keeper = new CoreKeeper({ clock, logger: SILENT_LOGGER, fork, openKeys, listener }, OPTIONS)
  keeper.start()
  await settle()
  return { clock, keeper, states, starts: () => starts, failure: () => failure }
}

describe('a core that cannot start', () => {
  it.each(FINAL_CODES)('is not started again after %s, and a person reads what to do', async (code) => {
    const { clock, states, starts, failure } = await keep(code)
    await clock.advance(600_000)
    expect([starts(), states]).toEqual([1, ['starting', 'failed']])
    const words = failureWords(failure()?.code ?? '', failure()?.message ?? '')
    expect(words).not.toContain('could not start')
    expect(words).toMatch(/so it is$/)
  })

  it('is started again, later each time, where waiting may help', async () => {
    const { clock, keeper, states, starts } = await keep('child_failed')
    expect(states.at(-1)).toBe('waiting')
    await clock.advance(1_000)
    expect(starts()).toBe(2)
    await clock.advance(3_000)
    expect(starts()).toBe(2)
    await clock.advance(1_000)
    expect(starts()).toBe(3)
    await keeper.stop()
    expect(states.at(-1)).toBe('stopped')
  })

  it('says at least what is known of a failure without words of its own', () => {
    expect(failureWords('child_failed', 'node stopped before it was ready')).toBe(
      'Tailrace could not start.\n\nnode stopped before it was ready',
    )
    expect(failureWords('toString', '')).toBe('Tailrace could not start.')
  })
})
