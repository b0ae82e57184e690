import { describe, expect, it } from 'vitest'
import { CREDITED } from '../../../../test/support/screen/scenes/race-scenes.ts'
import { trouble } from '../../../../test/support/screen/scenes/scenes-home.ts'
import { TROUBLE_CODES } from '../../../ipc/wires/trouble-wire.ts'
import { troubleSentence } from '../words/troubles.ts'
import { troublesOf } from './troubles-of.ts'

describe('a trouble in words', () => {
  it.each(TROUBLE_CODES)('%s says what happened, what it means and what to do', (code) => {
    const { title, text, advice } = troubleSentence(trouble(code))
    for (const part of [title, text, advice]) {
      expect(part).toMatch(/[.!]$/)
      expect(part).not.toMatch(/undefined|NaN|…|_/)
    }
    // Announced once: a number that runs would be read out at each change.
    expect(title).not.toMatch(/\d{2,}/)
  })

  it.each(TROUBLE_CODES)('%s stays readable where the host sent no fields', (code) => {
    const { text, title, advice } = troubleSentence({ code, fields: {} })
    expect([title, text, advice].join(' ')).not.toMatch(/undefined|NaN/)
  })

  it('tells before from after: a clock, a key, one block', () => {
    const text = (code: Parameters<typeof trouble>[0], fields: Record<string, number>) =>
      troubleSentence({ code, fields }).text
    expect(text('clock_off', { seconds: -3_700 })).toMatch(/62 minutes behind/)
    expect(text('clock_off', { seconds: 90 })).toMatch(/90 seconds ahead of/)
    expect(text('chain_catching_up', { behindBlocks: 1 })).toMatch(/^1 block to go/)
    expect(troubleSentence({ code: 'device_key_expiring', fields: { blocks: 0 } }).title).toMatch(/has expired/)
    expect(text('disk_low', { freeBytes: 1_900_000_000 })).toMatch(/^1\.8 GiB are free/)
  })
})

describe('the list of troubles', () => {
  const codes = (change: Partial<typeof CREDITED>) => troublesOf({ ...CREDITED, ...change }).map(({ code }) => code)

  it('has the worst first and keeps the host’s order otherwise', () => {
    expect(codes({ troubles: [trouble('disk_low'), trouble('no_peers'), trouble('clock_off')] })).toEqual([
      'clock_off',
      'disk_low',
      'no_peers',
    ])
  })

  it('says a silent chain once', () => {
    const chain = { ...CREDITED.chain, connection: 'disconnected' as const }
    expect(codes({ chain })).toEqual(['chain_unreachable'])
    expect(codes({ chain, troubles: [trouble('chain_unreachable')] })).toEqual(['chain_unreachable'])
    expect(codes({ chain, troubles: [trouble('chain_halted')] })).toEqual(['chain_halted'])
    expect(codes({})).toEqual([])
  })
})
