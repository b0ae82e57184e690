/**
 * Whether the program in this container answers: exit 0 where the address that TAILRACE_HEALTH_URL names (a node's RPC where it names
 * none) answers 200 within 3 s.
 */
const url = process.env.TAILRACE_HEALTH_URL ?? 'http://127.0.0.1:26657/health'
try {
  const { ok } = await fetch(url, { signal: AbortSignal.timeout(3_000) })
  process.exit(ok ? 0 : 1)
} catch {
  // Nothing listens, or it is too slow: the engine of the container decides what to do.
  process.exit(1)
}
