import type { IncomingMessage } from 'node:http'

/** The body as text, or undefined where it is longer than `maxBytes` or the sender broke off. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > maxBytes) {
        request.destroy()
        return undefined
      }
      chunks.push(chunk)
    }
  } catch {
    // The connection broke: there is nobody to answer.
    return undefined
  }
  return Buffer.concat(chunks).toString('utf8')
}
