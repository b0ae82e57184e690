import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SCORE_BYTES } from '../../../protocol/inference.ts'
import { rulingCommitHash } from '../../../protocol/work/check.ts'
import type { OwnPass } from '../../../protocol/work/judge.ts'
import { keepPass, keepRuling, keptPass, keptRuling, passHash, SALT_BYTES } from './commitment.ts'

const PLACE = { host: new Uint8Array(20).fill(1), batch: 12n, point: 3 }

function newStore() {
  const entries = new Map<string, Uint8Array>()
  return {
    entries,
    putCommitment: async (name: string, bytes: Uint8Array) => void entries.set(name, bytes),
    commitment: async (name: string) => entries.get(name),
  }
}

const anyPass: fc.Arbitrary<OwnPass> = fc.oneof(
  fc.constant('not_computable' as const),
  fc.integer({ min: 0, max: 5 }).chain((positions) =>
    fc.record({
      numericClass: fc.constantFrom('fp32-wasm', 'fp32-webgpu', ''),
      ending: fc.constantFrom('open', 'end_token', 'stop_text' as const),
      margins: fc.int32Array({ minLength: positions, maxLength: positions, min: 0 }),
      scores: fc.uint8Array({ minLength: positions * SCORE_BYTES, maxLength: positions * SCORE_BYTES }),
    }),
  ),
)

describe('what was committed to', () => {
  test('comes back as it was kept, and only for its own commit', async () => {
    await fc.assert(
      fc.asyncProperty(anyPass, async (own) => {
        const store = newStore()
        const hash = await keepPass(store, PLACE, own)
        expect(await keptPass(store, PLACE, undefined)).toEqual(own)
        expect(await keptPass(store, PLACE, hash)).toEqual(own)
        expect(await keptPass(store, PLACE, new Uint8Array(32))).toBeUndefined()
        expect(await keptPass(store, { ...PLACE, point: 4 }, undefined)).toBeUndefined()
        expect(passHash({ ...PLACE, host: new Uint8Array(20) }, own)).not.toEqual(hash)
      }),
    )
  })

  test('damaged bytes are as good as none', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        const store = newStore()
        store.entries.set('verifier/12/3', bytes)
        store.entries.set('arbiter/12/3', bytes)
        const own = await keptPass(store, PLACE, undefined)
        if (own !== undefined && own !== 'not_computable') {
          expect(own.scores).toHaveLength(own.margins.length * SCORE_BYTES)
        }
        await expect(keptRuling(store, PLACE, new Uint8Array(32))).resolves.toBeUndefined()
      }),
    )
  })

  test('a ruling comes back with its salt, which its hash needs', async () => {
    const store = newStore()
    const ruling = { valid: false, maxMargin: 9, softMargins: 2, scoresHash: new Uint8Array(32).fill(7) }
    const hidden = { ruling, salt: new Uint8Array(SALT_BYTES).fill(5) }
    const hash = await keepRuling(store, PLACE, hidden)
    expect(hash).toEqual(rulingCommitHash({ ...PLACE, ...hidden }))
    expect(await keptRuling(store, PLACE, hash)).toEqual(hidden)
    expect(await keptRuling(store, PLACE, new Uint8Array(32))).toBeUndefined()
  })
})
