/**
 * Milliseconds that this thread has computed: what an idle core would need, whatever else the machine does meanwhile. The
 * collector's and the compiler's helper threads are not in it.
 */
export function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}
