import { spawnSync } from 'node:child_process'
import { cpSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempTree } from '../test/support/temp-tree.ts'
import { repoRoot } from './files.ts'

/** Path → text. A comment after an import names the rule that must refuse it; imports without one must pass. */
const TREE: Readonly<Record<string, string>> = {
  'shaders/a.wgsl': '',
  'src/lib/good.ts': 'export const a = 1',
  'src/lib/bad.ts': `
    import '@noble/hashes/sha2.js' // lib-packages
    import type { X } from '../protocol/good.ts' // lib-own-folders
    export type B = X`,
  'src/protocol/good.ts': `
    import '@noble/hashes/sha2.js'
    import '@bufbuild/protobuf/wire'
    import '@scure/base'
    import 'cosmjs-types/cosmos/tx/v1beta1/tx.js'
    import '../lib/good.ts'
    export type X = number`,
  'src/race/one.ts': `
    import type { two } from './two.ts' // no-cycles
    export const one = 1
    export type T = typeof two`,
  'src/race/two.ts': `
    import type { one } from './one.ts'
    export const two = 1
    export type T = typeof one`,
  'src/race/three.ts': `import './folder/index.ts' // no-barrels`,
  'src/race/folder/index.ts': 'export const a = 1',
  'src/chain/bad.ts': `
    import 'node:crypto' // chain-builtins
    import '@noble/hashes/sha2.js' // chain-packages
    import type { C } from '../chain-node/good.ts' // chain-own-folders
    export type D = C`,
  'src/chain/some.test.ts': `
    import 'node:fs'
    import 'fast-check'
    import '../chain-node/good.ts' // chain-own-folders-tests`,
  'src/chain-node/good.ts': `
    import 'node:sqlite'
    import 'node:http'
    import 'ws'
    import 'zod'
    export type C = 1`,
  'src/chain-node/bad.ts': `import 'node:child_process' // chain-node-builtins`,
  'src/chain-client/good.ts': `import '@cosmjs/proto-signing'`,
  'src/p2p/good.ts': `
    import 'libp2p'
    import '@libp2p/tcp'
    import '@chainsafe/libp2p-gossipsub'`,
  'src/host/ports.ts': 'export type P = 1',
  'src/host/inner.ts': 'export type P = 1',
  'src/host/bad.ts': `
    import '@cosmjs/proto-signing' // host-packages
    import type { Libp2p } from '@libp2p/interface' // host-packages
    import shader from '../../shaders/a.wgsl?raw' // host-own-folders
    export const used = shader
    export type L = Libp2p`,
  'src/worker/contract.ts': 'export const v = 1\nexport type W = 1',
  'src/worker/gpu.ts': `
    import shader from '../../shaders/a.wgsl?raw'
    import 'node:worker_threads' // worker-builtins
    export const used = shader`,
  'src/worker/entry-node.ts': `
    import 'node:worker_threads'
    import 'node:http' // worker-builtins-exception`,
  'src/ipc/good.ts': `
    import '@orpc/contract'
    import type { W } from '../worker/contract.ts'
    export type V = W`,
  'src/ipc/bad.ts': `
    import { v } from '../worker/contract.ts' // ipc-types-only
    import type { used } from '../worker/gpu.ts' // ipc-own-folders
    export const w = v
    export type U = typeof used`,
  'src/main/good.ts': `
    import 'node:fs'
    import '../p2p/good.ts'
    import '../chain-client/good.ts'`,
  'src/main/bad.ts': `
    import '../worker/entry-node.ts' // main-own-folders
    import '../renderer/bad.ts' // main-own-folders
    import '../chain/some.test.ts' // no-import-of-tests`,
  'src/renderer/boot.tsx': `
    import 'react'
    import 'zustand'
    import '@orpc/client'
    import '../worker/gpu.ts'`,
  'src/renderer/bad.ts': `
    import '../worker/gpu.ts' // renderer-own-folders
    import 'node:fs' // renderer-builtins`,
  'src/unlisted/a.ts': `import '../lib/good.ts' // no-unlisted-folder`,
  'src/cli/bad.ts': `
    import './gone.ts' // no-unresolvable
    import 'vitest' // no-dev-package-in-src,cli-packages`,
  'test/support/cheats/good.ts': `
    import type { P } from '../../../src/host/ports.ts'
    export type Q = P`,
  'test/support/cheats/bad.ts': `
    import type { P } from '../../../src/host/inner.ts' // cheats-wrap-ports
    export type Q = P`,
}

interface CruiseReport {
  readonly summary: {
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[]
  }
}

function violations(root: string): string[] {
  for (const file of [
    'package.json',
    'tsconfig.base.json',
    'tsconfig.test.json',
    '.dependency-cruiser.cjs',
    'scripts/layers.json',
  ]) {
    cpSync(join(repoRoot, file), join(root, file))
  }
  symlinkSync(join(repoRoot, 'node_modules'), join(root, 'node_modules'), 'junction')
  const program = join(repoRoot, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
  const args = [program, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'src', 'test']
  const run = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  const report = JSON.parse(run.stdout) as CruiseReport
  return report.summary.violations.map((violation) => `${violation.from}: ${violation.rule.name}`).sort()
}

test('the layer table refuses exactly what it must', () => {
  const expected = Object.entries(TREE).flatMap(([path, text]) =>
    [...text.matchAll(/\/\/ (.+)$/gm)].flatMap((match) =>
      (match[1] ?? '').split(',').map((rule) => `${path}: ${rule}`),
    ),
  )
  expect(violations(tempTree(TREE))).toEqual(expected.sort())
})
