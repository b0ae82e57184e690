/** Lines to copy that work when they are pasted: quoted for the shell and the language that reads them. Pure. */
import type { GatewaySnapshot } from '../../../ipc/work-snapshot.ts'

export type SnippetTarget = Pick<GatewaySnapshot, 'baseUrl' | 'apiKey' | 'model'>

const PROMPT = 'The sea was calm, and'
const MAX_TOKENS = 64

/** One argument for a POSIX shell, whatever is in it. Plain words stay as they are. */
export function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

export function curlSnippet({ baseUrl, apiKey, model }: SnippetTarget): string {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: PROMPT }], max_tokens: MAX_TOKENS })
  return [
    `curl ${shellQuote(`${baseUrl}/chat/completions`)}`,
    `  -H ${shellQuote(`Authorization: Bearer ${apiKey}`)}`,
    `  -H ${shellQuote('Content-Type: application/json')}`,
    `  -d ${shellQuote(body)}`,
  ].join(' \\\n')
}

export function nodeSnippet({ baseUrl, apiKey, model }: SnippetTarget): string {
  return `import OpenAI from 'openai'

const client = new OpenAI({
  baseURL: ${JSON.stringify(baseUrl)},
  apiKey: ${JSON.stringify(apiKey)},
})
const answer = await client.chat.completions.create({
  model: ${JSON.stringify(model)},
  messages: [{ role: 'user', content: ${JSON.stringify(PROMPT)} }],
  max_tokens: ${MAX_TOKENS},
})
console.log(answer.choices[0].message.content)`
}

/** A JSON string of what a URL, a key and a model's id may hold is a Python string as well. */
export function pythonSnippet({ baseUrl, apiKey, model }: SnippetTarget): string {
  return `from openai import OpenAI

client = OpenAI(
    base_url=${JSON.stringify(baseUrl)},
    api_key=${JSON.stringify(apiKey)},
)
answer = client.chat.completions.create(
    model=${JSON.stringify(model)},
    messages=[{"role": "user", "content": ${JSON.stringify(PROMPT)}}],
    max_tokens=${MAX_TOKENS},
)
print(answer.choices[0].message.content)`
}
