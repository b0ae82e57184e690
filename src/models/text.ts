/**
 * Text to tokens and back for one model, from the two tokenizer files that hubs publish. The gateway encodes prompts and shows
 * outputs with it, the worker looks for stop texts with it, so both see the same text. Invariant: decode leaves special tokens out
 * and never cleans up spaces, so text only ever grows by what the tokens say, and streamed pieces joined equal decode of all tokens.
 * Read next: stream-decoder.ts (what a stream may show), chat-template.ts (messages to one prompt).
 */
import { Tokenizer } from '@huggingface/tokenizers'
import { z } from 'zod'
import { CodedError, errorMessage } from '../lib/coded-error.ts'
import { schemaVerdict } from '../lib/schema-verdict.ts'
import type { ChatMessage } from './chat-template.ts'
import { createChatTemplate } from './chat-template.ts'
import type { StreamDecoder } from './stream-decoder.ts'
import { createStreamDecoder } from './stream-decoder.ts'

export const TEXT_LIMITS = {
  /** One text, or all messages of a chat rendered. */
  characters: 1_048_576,
  messages: 2_048,
  /** Tokens in one call of decode. */
  tokens: 1_048_576,
  /** tokenizer.json of a large vocabulary has about 20 MB. */
  fileCharacters: 64 * 1024 * 1024,
} as const

export interface ModelText {
  /**
   * Token ids, with the special tokens that the model's post-processor adds.
   * @throws CodedError `text_too_long`, `text_not_encodable` (the vocabulary lacks a token of it)
   */
  encode(text: string): number[]
  /**
   * Token ids of the chat template's text, ending where the assistant's answer begins. As in stock runtimes, a message that spells a
   * special token out gets that token.
   * @throws CodedError `text_too_long`, `too_many_messages`, `no_chat_template`, `chat_not_renderable` (the template refuses)
   */
  renderChat(messages: readonly ChatMessage[]): number[]
  /** Text of tokens; special tokens and ids that the tokenizer does not know have none. @throws CodedError `too_many_tokens` */
  decode(tokens: readonly number[]): string
  createStreamDecoder(): StreamDecoder
}

export interface ModelTextOptions {
  /** Longest text to encode, for callers who know the model's context (at most TEXT_LIMITS.characters). */
  readonly maxCharacters?: number
}

const tokenizerSchema = z.looseObject({
  model: z.looseObject({}),
  added_tokens: z.array(
    z.looseObject({ id: z.number().int().min(0), content: z.string().min(1), special: z.boolean().optional() }),
  ),
})

const specialToken = z.union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)])

const configSchema = z.looseObject({
  bos_token: specialToken.nullish(),
  eos_token: specialToken.nullish(),
  unk_token: specialToken.nullish(),
  pad_token: specialToken.nullish(),
  chat_template: z
    .union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))])
    .nullish()
    .transform((value) => (Array.isArray(value) ? value.find(({ name }) => name === 'default')?.template : value)),
})

/**
 * Both arguments are the texts of the files.
 * @throws CodedError `invalid_tokenizer`, `invalid_chat_template`
 */
export function createModelText(
  tokenizerJson: string,
  tokenizerConfigJson: string,
  options: ModelTextOptions = {},
): ModelText {
  const file = parseFile('tokenizer.json', tokenizerJson, tokenizerSchema)
  const config = parseFile('tokenizer_config.json', tokenizerConfigJson, configSchema)
  const tokenizer = createTokenizer(file, config)
  const special = new Set(file.added_tokens.flatMap((token) => (token.special === true ? [token.id] : [])))
  const template =
    typeof config.chat_template === 'string'
      ? createChatTemplate(config.chat_template, {
          bos_token: config.bos_token ?? '',
          eos_token: config.eos_token ?? '',
          unk_token: config.unk_token ?? '',
          pad_token: config.pad_token ?? '',
        })
      : undefined
  const maxCharacters = Math.min(options.maxCharacters ?? TEXT_LIMITS.characters, TEXT_LIMITS.characters)

  const encode = (text: string, addSpecialTokens: boolean): number[] => {
    checkLength(text.length, maxCharacters)
    const { ids } = tokenizer.encode(text.toWellFormed(), { add_special_tokens: addSpecialTokens })
    if (!ids.every((id) => Number.isInteger(id))) {
      throw new CodedError('text_not_encodable', 'the vocabulary of the model lacks a token of the text')
    }
    return ids
  }
  const isText = (id: number): boolean => !special.has(id) && tokenizer.id_to_token(id) !== undefined
  const decodeText = (ids: number[]): string =>
    ids.length === 0 ? '' : tokenizer.decode(ids, { clean_up_tokenization_spaces: false })

  return {
    encode: (text) => encode(text, true),
    renderChat: (messages) => {
      if (template === undefined) {
        throw new CodedError('no_chat_template', 'the model comes without a chat template')
      }
      checkMessages(messages, maxCharacters)
      return encode(template.render(messages), false)
    },
    decode: (tokens) => {
      if (tokens.length > TEXT_LIMITS.tokens) {
        throw new CodedError('too_many_tokens', 'too many tokens to decode', { fields: { tokens: tokens.length } })
      }
      return decodeText(tokens.filter(isText))
    },
    createStreamDecoder: () => createStreamDecoder({ isText, decodeText }),
  }
}

function parseFile<T>(name: string, text: string, schema: z.ZodType<T>): T {
  if (text.length > TEXT_LIMITS.fileCharacters) {
    throw new CodedError('invalid_tokenizer', `${name} is too long`, { fields: { characters: text.length } })
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new CodedError('invalid_tokenizer', `${name} is no JSON`, { cause: error })
  }
  const parsed = schemaVerdict(schema, value)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new CodedError('invalid_tokenizer', `${name}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
  }
  return parsed.data
}

function createTokenizer(file: object, config: object): Tokenizer {
  try {
    return new Tokenizer(file, config)
  } catch (error) {
    throw new CodedError('invalid_tokenizer', `not a tokenizer: ${errorMessage(error)}`, { cause: error })
  }
}

function checkMessages(messages: readonly ChatMessage[], maxCharacters: number): void {
  if (messages.length > TEXT_LIMITS.messages) {
    throw new CodedError('too_many_messages', `at most ${TEXT_LIMITS.messages} messages`, {
      fields: { messages: messages.length },
    })
  }
  checkLength(
    messages.reduce((sum, { role, content }) => sum + role.length + content.length, 0),
    maxCharacters,
  )
}

function checkLength(characters: number, most: number): void {
  if (characters > most) {
    throw new CodedError('text_too_long', `at most ${most} characters`, { fields: { characters, most } })
  }
}
