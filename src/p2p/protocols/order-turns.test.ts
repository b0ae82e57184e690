import { describe, expect, test } from 'vitest'
import { errorCode } from '../../lib/coded-error.ts'
import type { OrderFrameBody } from '../../protocol/work/streams.ts'
import type { OrderTurns } from './order-turns.ts'
import { executorTurns, gatewayTurns } from './order-turns.ts'

type Kind = OrderFrameBody['$case']

function frame($case: Kind, tokens = 1): OrderFrameBody {
  return { $case, value: { tokens: new Array(tokens).fill(1) } } as unknown as OrderFrameBody
}

/** Plays `<kind` as received and `>kind` as sent; answers the first that was refused. */
function play(turns: OrderTurns, ...steps: readonly string[]): string {
  for (const step of steps) {
    const kind = step.slice(1) as Kind
    if (step.startsWith('>')) {
      turns.sent(frame(kind))
      continue
    }
    try {
      turns.received(frame(kind))
    } catch (error) {
      expect(errorCode(error)).toBe('malformed_frame')
      return step
    }
  }
  return 'fine'
}

describe('what an executor may hear', () => {
  test.each([
    ['the whole way', ['<open', '>accepted', '>tokens', '>receipt', '<voucher'], 'fine'],
    ['a cancel in between', ['<open', '>accepted', '<cancel', '>receipt', '<voucher'], 'fine'],
    ['a cancel that crosses the receipt', ['<open', '>receipt', '<cancel', '<voucher'], 'fine'],
    ['a cancel that crosses a refusal', ['<open', '>refusal', '<cancel'], 'fine'],
    ['a cancel without an order', ['<cancel'], '<cancel'],
    ['two orders', ['<open', '<open'], '<open'],
    ['two cancels', ['<open', '<cancel', '<cancel'], '<cancel'],
    ['a voucher for nothing', ['<open', '>accepted', '<voucher'], '<voucher'],
    ['a voucher after a failure', ['<open', '>failed', '<voucher'], '<voucher'],
    ['two vouchers', ['<open', '>receipt', '<voucher', '<voucher'], '<voucher'],
    ['a cancel after the voucher', ['<open', '>receipt', '<voucher', '<cancel'], '<cancel'],
    ['its own words', ['<open', '<tokens'], '<tokens'],
  ])('%s', (_name, steps, outcome) => {
    expect(play(executorTurns(), ...steps)).toBe(outcome)
  })

  test('it waits for a gateway only before the order and after the last word', () => {
    const turns = executorTurns()
    expect(turns.mustHear()).toBe(true)
    turns.received(frame('open'))
    turns.sent(frame('accepted'))
    turns.sent(frame('tokens'))
    expect(turns.mustHear()).toBe(false)
    turns.sent(frame('receipt'))
    expect(turns.mustHear()).toBe(true)
  })
})

describe('what a gateway may hear', () => {
  test.each([
    ['the whole way', ['>open', '<heartbeat', '<accepted', '<tokens', '<heartbeat', '<tokens', '<receipt'], 'fine'],
    ['a refusal', ['>open', '<refusal'], 'fine'],
    ['a failure at once', ['<failed'], 'fine'],
    ['a failure later', ['<accepted', '<tokens', '<failed'], 'fine'],
    ['tokens without a yes', ['<tokens'], '<tokens'],
    ['a receipt without a yes', ['<receipt'], '<receipt'],
    ['two yeses', ['<accepted', '<accepted'], '<accepted'],
    ['a refusal after a yes', ['<accepted', '<refusal'], '<refusal'],
    ['more after the receipt', ['<accepted', '<receipt', '<heartbeat'], '<heartbeat'],
    ['more after a refusal', ['<refusal', '<accepted'], '<accepted'],
    ['its own words', ['<accepted', '<voucher'], '<voucher'],
  ])('%s', (_name, steps, outcome) => {
    expect(play(gatewayTurns(), ...steps)).toBe(outcome)
  })

  test('no more tokens than the longest output has', () => {
    const turns = gatewayTurns()
    turns.received(frame('accepted'))
    for (let frames = 0; frames < 512; frames++) {
      turns.received(frame('tokens', 256))
    }
    expect(() => turns.received(frame('tokens', 1))).toThrow('more tokens')
  })
})
