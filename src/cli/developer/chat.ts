import { z } from 'zod'
import { CodedError } from '../../lib/coded-error.ts'
import { BUILT_IN_MODELS } from '../../main/models/model-library.ts'
import { defineCommand } from '../command.ts'
import { tail } from '../layout.ts'
import { HOME, JSON_OUTPUT, wholeNumber } from '../options.ts'
import { withControl } from '../with-control.ts'

export const CHAT_COMMAND = defineCommand({
  name: 'chat',
  group: 'developer',
  summary: 'ask a model of the network through the local gateway, as a developer’s request would',
  details: 'The answer goes to stdout, what it cost to stderr.',
  options: {
    home: HOME,
    json: JSON_OUTPUT,
    model: {
      schema: z.array(z.string().min(1).max(64)).default([]),
      value: 'ID',
      isMany: true,
      summary: `model to ask; the last one counts (default ${BUILT_IN_MODELS[0] ?? ''})`,
    },
    'max-tokens': { schema: wholeNumber(1, 4_096).default(128), value: 'N', summary: 'most tokens of the answer' },
  },
  positionals: {
    text: { schema: z.array(z.string()).min(1, 'is missing').max(4_096), isRest: true, summary: 'what to ask' },
  },
  examples: ['tailrace chat "Call me Ishmael."', 'tailrace chat --max-tokens 32 --json Tell me of the whale'],
  reaches: ['playground.chat'],
  run: (args, context) =>
    withControl(context, args.home, async ({ client }) => {
      const { terminal, signal } = context
      const content = args.text.join(' ').slice(0, 16_384)
      const model = args.model.at(-1) ?? BUILT_IN_MODELS[0] ?? ''
      const input = { model, messages: [{ role: 'user' as const, content }], temperature: 1 }
      let answer = ''
      const events = await client.playground.chat({ ...input, maxTokens: args['max-tokens'] }, { signal })
      for await (const event of events) {
        if (event.type === 'failed') {
          throw new CodedError(event.code, event.message === '' ? event.code.replaceAll('_', ' ') : event.message, {
            fields: event.fields,
          })
        }
        if (event.type === 'done') {
          const { type: _type, ...done } = event
          terminal.out(args.json ? JSON.stringify({ text: answer, ...done }) : answer)
          terminal.say(`${event.outputTokens} tokens for ${tail(event.price)}, order ${event.orderHash}`)
          return 0
        }
        answer += event.text
      }
      throw new CodedError('stream_ended', 'the answer broke off before its end; what was not delivered is not paid')
    }),
})
