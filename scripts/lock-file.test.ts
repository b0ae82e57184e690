import { describe, expect, test } from 'vitest'
import { missingEntries, platformOf } from './lock-file.ts'

describe('platformOf', () => {
  test.each([
    ['@scope/binding-linux-arm64-musl', { os: ['linux'], cpu: ['arm64'], libc: ['musl'] }],
    ['@scope/binding-linux-arm-gnueabihf', { os: ['linux'], cpu: ['arm'], libc: ['glibc'] }],
    ['@scope/cli-win32-x64', { os: ['win32'], cpu: ['x64'] }],
    ['tool-darwin-arm64', { os: ['darwin'], cpu: ['arm64'] }],
    ['bufferutil', undefined],
    ['@linux-x64/tool', undefined],
  ])('%s', (name, platform) => {
    expect(platformOf(name)).toEqual(platform)
  })
})

describe('missingEntries', () => {
  const tool = {
    version: '1.0.0',
    dev: true,
    optionalDependencies: { 'tool-linux-x64': '1.0.0', 'tool-darwin-arm64': '1.0.0' },
  }

  test('names the packages of other platforms that are not in the file', () => {
    const lock = { packages: { 'node_modules/tool': tool, 'node_modules/tool-linux-x64': { version: '1.0.0' } } }
    expect(missingEntries(lock)).toEqual({
      'node_modules/tool-darwin-arm64': { version: '1.0.0', cpu: ['arm64'], dev: true, optional: true, os: ['darwin'] },
    })
  })

  test('finds a package that lies beside or above the one that wants it', () => {
    const packages = {
      'node_modules/a/node_modules/tool': tool,
      'node_modules/a/node_modules/tool-linux-x64': {},
      'node_modules/tool-darwin-arm64': {},
    }
    expect(missingEntries({ packages })).toEqual({})
  })

  test('a missing package whose name says no platform is an error', () => {
    const packages = { 'node_modules/a': { optionalDependencies: { plain: '1.0.0' } } }
    expect(() => missingEntries({ packages })).toThrow(/plain@1.0.0/)
  })
})
