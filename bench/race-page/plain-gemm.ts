/** The plainest integer matrix product over typed arrays: what JavaScript reaches without any thought. Beside it every rate is read. */

const ROWS = 32
const LENGTH = 512
const OUTPUTS = 512

export const PLAIN_GEMM_MACS = ROWS * LENGTH * OUTPUTS

export interface GemmOperands {
  readonly inputs: Int8Array
  readonly weights: Int8Array
  readonly out: Int32Array
  readonly rows: number
  readonly length: number
  readonly outputs: number
}

/** The shapes of a query product of `std`. */
export function createGemmOperands(): GemmOperands {
  return {
    inputs: Int8Array.from({ length: ROWS * LENGTH }, (_, i) => i * 37),
    weights: Int8Array.from({ length: OUTPUTS * LENGTH }, (_, i) => i * 91),
    out: new Int32Array(ROWS * OUTPUTS),
    rows: ROWS,
    length: LENGTH,
    outputs: OUTPUTS,
  }
}

/** out[r · outputs + o] = Σ_i inputs[r][i] · weights[o][i]. */
export function multiplyPlainly({ inputs, weights, out, rows, length, outputs }: GemmOperands): void {
  for (let row = 0; row < rows; row++) {
    for (let output = 0; output < outputs; output++) {
      let sum = 0
      for (let i = 0; i < length; i++) {
        sum = (sum + Math.imul(inputs[row * length + i] as number, weights[output * length + i] as number)) | 0
      }
      out[row * outputs + output] = sum
    }
  }
}
