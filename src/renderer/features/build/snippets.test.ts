import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { idleSnapshot } from '../../../../test/support/screen/sample-snapshot.ts'
import { GATEWAY } from '../../../../test/support/screen/scenes/build-scenes.ts'
import type { ScreenSnapshot } from '../../../ipc/snapshot.ts'
import { hostName } from './host-name.ts'
import type { SnippetTarget } from './snippets.ts'
import { curlSnippet, nodeSnippet, pythonSnippet, shellQuote } from './snippets.ts'

/** What a real shell makes of a line: the arguments of its command, each ended by a zero byte. */
function argumentsInShell(line: string): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }\n${line}\n`
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1)
}

const HOSTILE: SnippetTarget = {
  baseUrl: 'http://127.0.0.1:8080/v1',
  apiKey: `it's "quoted" $(reboot) \`x\` \\ $HOME !`,
  model: `o'reilly/model"; exit 1 #\\`,
}

describe('the curl line', () => {
  it.each([
    ['of the gateway', GATEWAY],
    ['with everything that a shell could take for its own', HOSTILE],
  ])('%s reaches curl as it is meant', (_name, target) => {
    const [url, , authorization, , type, , body] = argumentsInShell(curlSnippet(target))
    expect(url).toBe(`${target.baseUrl}/chat/completions`)
    expect(authorization).toBe(`Authorization: Bearer ${target.apiKey}`)
    expect(type).toBe('Content-Type: application/json')
    expect(JSON.parse(body ?? '')).toMatchObject({ model: target.model, messages: [{ role: 'user' }] })
  })

  it('quotes any text for a shell', () => {
    const texts = fc.sample(fc.string({ maxLength: 40, unit: 'grapheme' }), 60).filter((text) => !text.includes('\0'))
    const line = ['curl', ...texts.map(shellQuote)].join(' ')
    expect(argumentsInShell(line)).toEqual(texts)
    expect(shellQuote('http://127.0.0.1:26657')).toBe('http://127.0.0.1:26657')
    expect(shellQuote('')).toBe("''")
  })
})

describe('the programs', () => {
  it('carry address, key and model as literals of their language', () => {
    const literal = (program: string, pattern: RegExp): unknown => JSON.parse(pattern.exec(program)?.[1] ?? 'null')
    const node = nodeSnippet(HOSTILE)
    expect(literal(node, /baseURL: (".*"),/)).toBe(HOSTILE.baseUrl)
    expect(literal(node, /apiKey: (".*"),/)).toBe(HOSTILE.apiKey)
    expect(literal(node, /model: (".*"),/)).toBe(HOSTILE.model)
    const python = pythonSnippet(HOSTILE)
    expect(literal(python, /base_url=(".*"),/)).toBe(HOSTILE.baseUrl)
    expect(literal(python, /api_key=(".*"),/)).toBe(HOSTILE.apiKey)
    expect(literal(python, /model=(".*"),/)).toBe(HOSTILE.model)
  })
})

describe('the name of a host', () => {
  it('is what a person calls it', () => {
    const [first, second] = idleSnapshot().hosts
    const hosts = [
      { ...first, isSelf: true },
      { ...second, moniker: '' },
    ] as ScreenSnapshot['hosts']
    expect(hostName(first?.address ?? '', hosts)).toBe('You')
    expect(hostName(second?.address ?? '', hosts)).toMatch(/^tail1z4x6c…/)
    expect(hostName(second?.address ?? '', idleSnapshot().hosts)).toBe('companion-2')
    expect(hostName('tail1short', [])).toBe('tail1short')
  })
})
