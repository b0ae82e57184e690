/**
 * Numeric classes: who computes with the same rounding, near enough. Limits are Q16.16 logits and hold for outputs of the class,
 * whatever fp32 class the verifier has. Logits within ε of each other give margins of at most 2ε (sampling/margin.ts).
 *
 * Measured on whale-0.9m, one-pass check against decoding token by token:
 *   fp32-wasm by fp32-wasm, temperatures 0, 0.7, 1, 1 with top-p 0.9, 1 with top-k 40: 3,600 tokens each, greatest margin 0
 *   fp32-wasm by fp32-webgpu (SwiftShader), temperatures 0, 0.7, 1, 1 with top-p 0.9: 2,025 tokens each, greatest margin 0
 *   fp32-webgpu by fp32-wasm, temperature 1: 900 tokens, greatest margin 0
 * No logit that was reported differed by more than 1; the canary's greatest difference of any logit is 2, so 4 is the most that
 * these machines could show. The limits leave room for what was not measured: deeper models (errors grow with the root of the depth) and
 * real GPUs, whose drivers may fuse and reorder. That room costs little: with weights rounded to 4 bits 13 to 15 % of all
 * tokens have a margin, and 97 % of those margins are above 1,024.
 */
export interface NumericClassLimits {
  /** One position above it fails a receipt. A backend whose canary could lead to such a position may not serve. */
  readonly hardMargin: number
  /** Positions above it are counted (the sequential test): rounding alone stays below it. */
  readonly softMargin: number
}

export const NUMERIC_CLASSES = {
  'fp32-wasm': { hardMargin: 128, softMargin: 8 },
  'fp32-webgpu': { hardMargin: 512, softMargin: 32 },
} as const satisfies Readonly<Record<string, NumericClassLimits>>

export type NumericClass = keyof typeof NUMERIC_CLASSES

export function isNumericClass(value: string): value is NumericClass {
  return Object.hasOwn(NUMERIC_CLASSES, value)
}
