import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../../../../test/support/virtual-clock.ts'
import type { Ask } from './ask-in-turn.ts'
import { askInTurn } from './ask-in-turn.ts'

const NEVER = new AbortController().signal

function asksThat(asked: string[], ...answers: readonly (readonly [string, Ask<string>])[]): Ask<string>[] {
  return answers.map(([name, answer]) => (signal) => {
    asked.push(name)
    return answer(signal)
  })
}

const silent: Ask<string> = (signal) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))

describe('asking in turn', () => {
  test('the first answer ends it: the rest is not asked', async () => {
    const asked: string[] = []
    const asks = asksThat(
      asked,
      ['fails', () => Promise.reject(new Error('unreachable'))],
      ['has none', async () => undefined],
      ['has it', async () => 'data'],
      ['unneeded', async () => 'other'],
    )
    await expect(askInTurn(new VirtualClock(), 1_000, asks, NEVER)).resolves.toBe('data')
    expect(asked).toEqual(['fails', 'has none', 'has it'])
  })

  test('the next is asked beside one that is silent; a late answer still counts', async () => {
    const clock = new VirtualClock()
    const asked: string[] = []
    const slow: Ask<string> = async (signal) => {
      await clock.sleep(1_500, signal)
      return 'late data'
    }
    const answer = askInTurn(clock, 1_000, asksThat(asked, ['slow', slow], ['silent', silent]), NEVER)
    await clock.advance(999)
    expect(asked).toEqual(['slow'])
    await clock.advance(1)
    expect(asked).toEqual(['slow', 'silent'])
    await clock.advance(500)
    await expect(answer).resolves.toBe('late data')
    // Nobody sleeps on: the others were ended.
    expect(clock.pending).toBe(0)
  })

  test('nobody has it, or nobody is there', async () => {
    const clock = new VirtualClock()
    await expect(askInTurn(clock, 1_000, [async () => undefined], NEVER)).resolves.toBeUndefined()
    await expect(askInTurn(clock, 1_000, [], NEVER)).resolves.toBeUndefined()
    expect(clock.pending).toBe(0)
  })

  test('ends with the signal', async () => {
    const stop = new AbortController()
    const answer = askInTurn(new VirtualClock(), 1_000, [silent, silent], stop.signal)
    stop.abort(new Error('stopped'))
    await expect(answer).rejects.toThrow('stopped')
  })
})
