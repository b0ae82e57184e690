import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeModel } from '../../test/support/model-chunks.ts'
import { toHex } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import type { ModelManifest } from './manifest.ts'
import { decodeManifest, encodeManifest, isModelPath, MANIFEST_LIMITS, manifestHash } from './manifest.ts'

const { manifest } = makeModel('test-model')
const whaleText = readFileSync(new URL('../../models/whale-0.9m/manifest.json', import.meta.url), 'utf8')

function codeOf(text: string): string {
  try {
    decodeManifest(text)
  } catch (error) {
    return error instanceof CodedError ? error.code : String(error)
  }
  return 'nothing thrown'
}

const changed = (change: Readonly<Record<string, unknown>>): string => JSON.stringify({ ...manifest, ...change })
const withFile = (change: Readonly<Record<string, unknown>>): string =>
  changed({ files: [{ ...manifest.files[0], ...change }, ...manifest.files.slice(1)] })

describe('manifest', () => {
  test('comes back from its canonical text, which no order of keys and no space changes', () => {
    expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest)
    const reversed = Object.fromEntries(Object.entries(manifest).reverse())
    const other = decodeManifest(JSON.stringify(reversed, null, 4))
    expect(encodeManifest(other)).toBe(encodeManifest(manifest))
    expect(manifestHash(other)).toEqual(manifestHash(manifest))
  })

  test('the hash changes with every field', () => {
    const name = toHex(manifestHash(manifest))
    const others: ModelManifest[] = [
      { ...manifest, contextTokens: 65 },
      { ...manifest, eosTokens: [0, 1] },
      { ...manifest, notice: 'other' },
      makeModel('test-model-2').manifest,
    ]
    expect(new Set([name, ...others.map((other) => toHex(manifestHash(other)))]).size).toBe(others.length + 1)
    expect(manifestHash(manifest)).toHaveLength(32)
  })

  test('is refused in few words, however long the names in it are', () => {
    expect(() => decodeManifest(changed({ ['n'.repeat(100_000)]: 1 }))).toThrow(/^.{10,300}$/s)
  })

  test('of the built-in model: small, with its limits said', () => {
    const whale = decodeManifest(whaleText)
    expect(whale).toMatchObject({ id: 'whale-0.9m', contextTokens: 256, defaultMaxTokens: 128, vocabularySize: 1_024 })
    expect(whale.notice).toBe('demo model, it babbles')
    expect(whale.files.map((file) => file.path)).toContain(whale.graph)
  })

  test.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['an unknown field', changed({ more: 1 })],
    ['a fraction', changed({ layers: 1.5 })],
    ['a negative number', changed({ contextTokens: -1 })],
    ['another precision', changed({ precision: 'int4' })],
    ['an id that could be a path', changed({ id: '../x' })],
    ['no end token', changed({ eosTokens: [] })],
    ['an end token outside the vocabulary', changed({ eosTokens: [16] })],
    ['output as long as the context', changed({ defaultMaxTokens: 64 })],
    ['a graph that is no file of it', changed({ graph: 'model.onnx' })],
    ['chunks too small', changed({ chunkBytes: 4_095 })],
    ['chunks too large', changed({ chunkBytes: MANIFEST_LIMITS.maxChunkBytes + 1 })],
    ['other chunks than sizes', changed({ chunkBytes: 8_192 })],
    ['two files of one path', changed({ files: [...manifest.files, manifest.files[0]] })],
    ['a file that is also a folder', changed({ files: [...manifest.files, { ...manifest.files[2], path: 'onnx' }] })],
    ['an empty file', withFile({ sizeBytes: 0, chunks: [] })],
    ['a chunk too few', withFile({ chunks: manifest.files[0]?.chunks.slice(1) })],
    ['a hash in upper case', withFile({ sha256: 'A'.repeat(64) })],
    ['a path out of the folder', withFile({ path: '../model.onnx' })],
    ['a file of 2 GiB', withFile({ sizeBytes: 2 ** 31 })],
    ['a text too long', `${' '.repeat(MANIFEST_LIMITS.textBytes)}{}`],
  ])('%s is invalid_manifest', (_, text) => {
    expect(codeOf(text)).toBe('invalid_manifest')
  })

  test('a small file whose one chunk has another hash is refused', () => {
    const [, , config] = manifest.files
    const files = [...manifest.files.slice(0, 2), { ...config, sha256: 'a'.repeat(64) }]
    expect(codeOf(changed({ files }))).toBe('invalid_manifest')
  })

  test('any text gives a manifest or invalid_manifest', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((json) => changed({ files: JSON.parse(json) })),
        ),
        (text) => {
          expect(codeOf(text)).toBe('invalid_manifest')
        },
      ),
    )
  })
})

describe('paths of model files', () => {
  test('stay inside their folder', () => {
    expect(['a', 'onnx/model.onnx', 'a..b', '0/_/x-y.z'].filter(isModelPath)).toHaveLength(4)
    const bad = [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      '../a',
      'a/../b',
      'a/.git',
      'a\\b',
      'C:a',
      'a\0',
      'ä',
      'a\n',
      '~',
    ]
    expect(bad.filter(isModelPath)).toEqual([])
  })
})
