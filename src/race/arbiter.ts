import type { RaceOracle } from './oracle.ts'
import type { ShapeName } from './shapes.ts'

/**
 * Who recomputes a claim before anybody acts on it. A claim is worth checking by something that cannot fail in the same way:
 *
 * - What WebGPU claims, the WebAssembly oracle recomputes: other code, another device, other memory.
 * - What the CPU backend claims, the WebAssembly oracle recomputes from its own copy of the weights (a flipped bit in either
 *   copy shows), and the first claim and every REFERENCE_EVERY-th after it the TypeScript reference (a fault of the code or of
 *   the engine that compiles it shows). The reference costs 20 to 30 attempts of the backend, so each claim by it would cost
 *   more than the race where finds are easy (a local network: half of the attempts), and 0.3 s each at `std`; at this rate it
 *   is 500 / 128 · 0.3 s ≈ 1 s of a 300-second race at `std`, and a tenth of a millisecond a find at `dev`.
 */
const REFERENCE_EVERY: Readonly<Record<ShapeName, number>> = { dev: 16, std: 128 }

/** WebGPU, or WebAssembly on the CPU. */
export type Claimant = 'webgpu' | 'cpu'

export interface ArbiterParts {
  readonly shape: ShapeName
  readonly fast: RaceOracle
  /** Made where it is needed: its weights are another copy of the model. */
  reference(): RaceOracle
  /** Who claims; a race may move from the GPU to the CPU. */
  claimant(): Claimant
}

/** Counts the claims of one job. */
export function createArbiter({ shape, fast, reference, claimant }: ArbiterParts): RaceOracle {
  let claims = 0
  return {
    attempt(host, nonce) {
      const isByReference = claimant() === 'cpu' && claims % REFERENCE_EVERY[shape] === 0
      claims += claimant() === 'cpu' ? 1 : 0
      return (isByReference ? reference() : fast).attempt(host, nonce)
    },
    trace: (host, nonce) => reference().trace(host, nonce),
  }
}
