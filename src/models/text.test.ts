import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sentencePieceFiles } from '../../test/support/sentence-piece.ts'
import { errorCode } from '../lib/coded-error.ts'
import { createStreamDecoder } from './stream-decoder.ts'
import type { ModelText } from './text.ts'
import { createModelText, TEXT_LIMITS } from './text.ts'

const whaleFile = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../models/whale-0.9m/${name}`, import.meta.url)), 'utf8')
const tokenizerJson = whaleFile('tokenizer.json')
const configJson = whaleFile('tokenizer_config.json')
const whale = createModelText(tokenizerJson, configJson)
const piece = createModelText(...sentencePieceFiles())

const SPECIAL = /<\|(endoftext|im_start|im_end)\|>/

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return errorCode(error)
  }
  return 'nothing thrown'
}

/** The pieces that a stream gives for tokens cut into chunks at `cuts`, the flushed one last. */
function streamed(text: ModelText, tokens: readonly number[], cuts: readonly number[]): string[] {
  const decoder = text.createStreamDecoder()
  const pieces: string[] = []
  let from = 0
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    pieces.push(decoder.push(tokens.slice(from, cut)))
    from = cut
  }
  return [...pieces, decoder.push(tokens.slice(from)), decoder.flush()]
}

const tokenLists = (most: number) =>
  fc.array(fc.integer({ min: 0, max: most }), { maxLength: 40 }).chain((tokens) =>
    fc.record({
      tokens: fc.constant(tokens),
      cuts: fc.array(fc.integer({ min: 0, max: tokens.length }), { maxLength: 10 }),
    }),
  )

describe('tokens of text', () => {
  test('text comes back as it was, whatever its characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        fc.pre(!SPECIAL.test(text))
        expect(whale.decode(whale.encode(text))).toBe(text)
      }),
      { numRuns: 500 },
    )
  })

  test('half a surrogate pair becomes U+FFFD and nothing else changes', () => {
    expect(whale.decode(whale.encode('a\ud83db'))).toBe('a\ufffdb')
  })

  test('the ids are those of the vocabulary', () => {
    expect(whale.encode('!"a')).toEqual([36, 37, 100])
    expect(whale.encode('中')).toHaveLength(3)
    expect(whale.encode('<|im_start|>!')).toEqual([1, 36])
  })

  test('special tokens and unknown ids have no text', () => {
    expect(whale.decode([1, 36, 2, 0, 99_999, -1, 37])).toBe('!"')
    expect(whale.decode([])).toBe('')
    expect(whale.decode([0])).toBe('')
  })

  test('spaces before punctuation stay', () => {
    expect(whale.decode(whale.encode(" well , he said . it 's n't"))).toBe(" well , he said . it 's n't")
  })

  test('a text over the bound is refused before work is spent on it', () => {
    expect(codeOf(() => whale.encode('a'.repeat(TEXT_LIMITS.characters + 1)))).toBe('text_too_long')
    const small = createModelText(tokenizerJson, configJson, { maxCharacters: 10 })
    expect(codeOf(() => small.encode('a'.repeat(11)))).toBe('text_too_long')
    expect(codeOf(() => small.renderChat([{ role: 'user', content: 'a'.repeat(7) }]))).toBe('text_too_long')
    expect(codeOf(() => whale.decode(new Array(TEXT_LIMITS.tokens + 1).fill(36)))).toBe('too_many_tokens')
  })

  test('a token without an id is an error, not a hole', () => {
    const file = JSON.parse(tokenizerJson)
    file.post_processor = {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<missing>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: {},
    }
    const text = createModelText(JSON.stringify(file), configJson)
    expect(codeOf(() => text.encode('a'))).toBe('text_not_encodable')
    // A chat's template writes its special tokens itself, so the post-processor adds none.
    expect(text.renderChat([{ role: 'user', content: 'a' }])).toEqual(
      whale.renderChat([{ role: 'user', content: 'a' }]),
    )
  })
})

describe('streams', () => {
  test('pieces joined are the text of all tokens, and no piece is taken back', () => {
    fc.assert(
      fc.property(tokenLists(1_100), ({ tokens, cuts }) => {
        expect(streamed(whale, tokens, cuts).join('')).toBe(whale.decode(tokens))
      }),
      { numRuns: 1_000 },
    )
  })

  test('the same for bytes that hardly ever make a character', () => {
    // In both tokenizers the token of a byte is 3 + byte. Mostly first bytes: long runs of characters that never end.
    const byteTokens = [0xe4, 0xe4, 0xf0, 0xf0, 0xc3, 0xb8, 0xad, 0x9f, 0x80, 0x41].map((byte) => 3 + byte)
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...byteTokens), { maxLength: 60 }), (tokens) => {
        for (const text of [whale, piece]) {
          const cuts = tokens.map((_, index) => index)
          expect(streamed(text, tokens, cuts).join('')).toBe(text.decode(tokens))
        }
      }),
      { numRuns: 500 },
    )
    const onlyFirstBytes = new Array<number>(40).fill(3 + 0xe4)
    expect(streamed(piece, onlyFirstBytes, [9, 10, 11]).join('')).toBe(piece.decode(onlyFirstBytes))
  })

  test('the same for a tokenizer with byte fallback that drops the first space', () => {
    fc.assert(
      fc.property(tokenLists(270), ({ tokens, cuts }) => {
        expect(streamed(piece, tokens, cuts).join('')).toBe(piece.decode(tokens))
      }),
      { numRuns: 1_000 },
    )
    expect(piece.decode(piece.encode('a b 中 c'))).toBe('a b 中 c')
  })

  test('a character whose bytes lie in several tokens comes once, whole, with its last token', () => {
    const tokens = whale.encode('a🐋中')
    expect(tokens).toHaveLength(8)
    const decoder = whale.createStreamDecoder()
    expect(tokens.map((token) => decoder.push([token]))).toEqual(['a', '', '', '', '🐋', '', '', '中'])
    expect(decoder.flush()).toBe('')
  })

  test('what never becomes a character comes out when the stream ends or goes on', () => {
    const [first] = whale.encode('中') as [number]
    const decoder = whale.createStreamDecoder()
    expect(decoder.push([first])).toBe('')
    expect(decoder.push([first])).toBe('\ufffd')
    expect(decoder.push([100])).toBe('\ufffda')
    expect(decoder.push([first])).toBe('')
    expect(decoder.flush()).toBe('\ufffd')
    expect(decoder.flush()).toBe('')
  })

  test('an endless run of broken bytes costs no more per token than its beginning', () => {
    const [first] = whale.encode('中') as [number]
    const counted: number[] = []
    const decoder = createStreamDecoder({
      isText: () => true,
      decodeText: (ids) => {
        counted.push(ids.length)
        return whale.decode(ids)
      },
    })
    const tokens = [...new Array<number>(5_000).fill(first), ...whale.encode('中')]
    expect(tokens.map((token) => decoder.push([token])).join('') + decoder.flush()).toBe(whale.decode(tokens))
    expect(Math.max(...counted)).toBeLessThan(32)
  })

  test('a stream that never ends a character is cut, not kept for ever', () => {
    // Bytes 2 and 3 of a character with byte 1 of the next in one token: only such tokens can go on without an end.
    let longest = 0
    const decoder = createStreamDecoder({
      isText: () => true,
      decodeText: (ids) => {
        longest = Math.max(longest, ids.length)
        return ids.length === 0 ? '' : `${'中'.repeat(ids.length - 1)}\ufffd`
      },
    })
    decoder.push(new Array<number>(10_000).fill(1))
    expect(longest).toBeLessThan(3_000)
  })

  test('a real U+FFFD of the text is not lost', () => {
    const text = '\ufffda\ufffd\ufffd'
    expect(streamed(whale, whale.encode(text), [1, 2, 3]).join('')).toBe(text)
  })

  test('after a flush the decoder is as new', () => {
    const decoder = piece.createStreamDecoder()
    const tokens = piece.encode('ab')
    expect(decoder.push(tokens) + decoder.flush()).toBe('ab')
    expect(decoder.push(tokens) + decoder.flush()).toBe('ab')
  })
})

describe('chats', () => {
  const messages = [
    { role: 'system', content: 'You babble.' },
    { role: 'user', content: 'Hello' },
  ]

  test('are rendered by the template of the model and end where the answer begins', () => {
    const plain = (text: string): number[] => whale.encode(text)
    expect(whale.renderChat(messages)).toEqual([
      ...[1, ...plain('system\nYou babble.'), 2, ...plain('\n')],
      ...[1, ...plain('user\nHello'), 2, ...plain('\n')],
      ...[1, ...plain('assistant\n')],
    ])
  })

  test('are refused over their bound', () => {
    const many = Array.from({ length: TEXT_LIMITS.messages + 1 }, () => ({ role: 'user', content: '' }))
    expect(codeOf(() => whale.renderChat(many))).toBe('too_many_messages')
  })

  const withConfig = (change: Readonly<Record<string, unknown>>): ModelText =>
    createModelText(tokenizerJson, JSON.stringify({ ...JSON.parse(configJson), ...change }))

  test('need a template; the one named default counts where there are several', () => {
    expect(codeOf(() => withConfig({ chat_template: null }).renderChat(messages))).toBe('no_chat_template')
    const named = [
      { name: 'tool_use', template: 'x' },
      { name: 'default', template: '{{ bos_token }}{{ messages[1].content }}' },
    ]
    const text = withConfig({ chat_template: named, bos_token: { content: '<|im_end|>' } })
    expect(text.renderChat(messages)).toEqual([2, ...whale.encode('Hello')])
  })

  test('a template that does not parse, refuses, or writes too much is an error with a code', () => {
    expect(codeOf(() => withConfig({ chat_template: '{% for m in %}' }))).toBe('invalid_chat_template')
    expect(codeOf(() => withConfig({ chat_template: 'x'.repeat(300_000) }))).toBe('invalid_chat_template')
    const refusing = withConfig({ chat_template: "{{ raise_exception('roles must alternate') }}" })
    expect(codeOf(() => refusing.renderChat(messages))).toBe('chat_not_renderable')
    const broken = withConfig({ chat_template: '{{ messages | no_such_filter }}' })
    expect(codeOf(() => broken.renderChat(messages))).toBe('chat_not_renderable')
    const loud = withConfig({ chat_template: '{% for i in range(200000) %}0123456789{% endfor %}' })
    expect(codeOf(() => loud.renderChat(messages))).toBe('text_too_long')
  })

  test('messages are data: what looks like a template in them is text', () => {
    expect(whale.decode(whale.renderChat([{ role: 'user', content: '{{ 1 + 1 }}{% raw %}' }]))).toContain(
      '{{ 1 + 1 }}{% raw %}',
    )
  })
})

describe('tokenizer files', () => {
  test.each([
    ['no JSON', '{', configJson],
    ['an empty object', '{}', configJson],
    ['a model of no known kind', JSON.stringify({ ...JSON.parse(tokenizerJson), model: { type: 'x' } }), configJson],
    [
      'an added token without text',
      JSON.stringify({ ...JSON.parse(tokenizerJson), added_tokens: [{ id: 1 }] }),
      configJson,
    ],
    ['a config that is a list', tokenizerJson, '[]'],
    ['a config whose end token is a number', tokenizerJson, '{"eos_token": 3}'],
  ])('%s is invalid_tokenizer', (_, tokenizer, config) => {
    expect(codeOf(() => createModelText(tokenizer, config))).toBe('invalid_tokenizer')
  })
})
