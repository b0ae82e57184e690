/** Messages to one prompt text, by the Jinja template that a model's tokenizer_config.json carries. */
import { Template } from '@huggingface/jinja'
import { CodedError, errorMessage } from '../lib/coded-error.ts'

export interface ChatMessage {
  /** `system`, `user`, `assistant`, or what else the template knows. */
  readonly role: string
  readonly content: string
}

export interface ChatTemplate {
  /** The prompt, ending where the assistant's answer begins. @throws CodedError `chat_not_renderable` */
  render(messages: readonly ChatMessage[]): string
}

const MAX_TEMPLATE_CHARACTERS = 262_144

/** `variables`: the special tokens by the names that templates use. @throws CodedError `invalid_chat_template` */
export function createChatTemplate(source: string, variables: Readonly<Record<string, string>>): ChatTemplate {
  if (source.length > MAX_TEMPLATE_CHARACTERS) {
    throw new CodedError('invalid_chat_template', 'the chat template is too long')
  }
  const template = parseTemplate(source)
  return {
    render: (messages) => {
      try {
        const plain = messages.map(({ role, content }) => ({ role, content }))
        return template.render({ ...variables, messages: plain, add_generation_prompt: true })
      } catch (error) {
        // Templates refuse what the model was not trained on, e.g. two user messages in a row.
        throw new CodedError('chat_not_renderable', `the model's chat template: ${errorMessage(error)}`, {
          cause: error,
        })
      }
    },
  }
}

function parseTemplate(source: string): Template {
  try {
    return new Template(source)
  } catch (error) {
    throw new CodedError('invalid_chat_template', `not a chat template: ${errorMessage(error)}`, { cause: error })
  }
}
