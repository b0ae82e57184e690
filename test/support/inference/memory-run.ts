/**
 * A thousand requests in a process of its own, because memory is counted for a whole process. Prints one JSON object: megabytes after
 * each hundred requests, garbage collected, and how many tensors were made and disposed of. Run with --expose-gc.
 */
import { createTestEngine, generateAll, jobOn, NEVER, scoreJobOf } from './test-engine.ts'

const REQUESTS = 1_000
const MEGABYTE = 1024 * 1024
const { gc: collectGarbage } = globalThis as { gc?: () => void }
const { engine, whale, ledger } = createTestEngine()
const rss: number[] = []
const heap: number[] = []
/** Requests after which a tensor was still there. */
let leaks = 0

for (let request = 0; request < REQUESTS; request++) {
  const job = jobOn(whale, { temperature: 0.8, seed: request % 251, choice: request, maxTokens: 16 + (request % 17) })
  if (request % 10 === 9) {
    // A tenth of all clients leaves in the middle.
    const stop = new AbortController()
    await engine.generate(job, { onTokens: () => stop.abort() }, stop.signal)
  } else {
    const { tokens } = await generateAll(engine, job)
    if (request % 5 === 0) {
      await engine.score(scoreJobOf(job, tokens, request % 2 === 0 ? 'own' : 'reference'), NEVER)
    }
  }
  leaks += ledger.live === 0 ? 0 : 1
  if (request % 100 === 99) {
    collectGarbage?.()
    const usage = process.memoryUsage()
    rss.push(usage.rss / MEGABYTE)
    heap.push(usage.heapUsed / MEGABYTE)
  }
}
await engine.stop()
process.stdout.write(JSON.stringify({ rss, heap, created: ledger.created, disposed: ledger.disposed, leaks }))
