/**
 * Whether a failure of the platform or of the runtime says that there was no memory. Neither gives it a code: engines throw a
 * RangeError where they cannot allocate, WebGPU a GPUOutOfMemoryError, and the runtime passes on what its C++ said. This is the one
 * place that looks at such texts; everybody else sees the code `out_of_memory`.
 */
const TEXTS = /out of memory|bad_alloc|allocation failed|failed to allocate|cannot allocate|could not allocate/i

export function isOutOfMemory(error: unknown): boolean {
  const { name, message } = (typeof error === 'object' && error !== null ? error : {}) as {
    readonly name?: unknown
    readonly message?: unknown
  }
  const isText = typeof message === 'string' && TEXTS.test(message)
  // Errors of WebGPU have no name of their own, but the platform knows what they are.
  const kind = Object.prototype.toString.call(error)
  return name === 'GPUOutOfMemoryError' || kind === '[object GPUOutOfMemoryError]' || isText
}
