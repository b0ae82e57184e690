/** Failures in a row, with a host that answers, after which the session counts as over. */
const REFUSALS = 3

/**
 * A browser does not tell a page why a socket did not open. Where the host answers plain requests and the socket is refused
 * all the same, several times in a row, the session is what it refuses.
 */
export function createSessionProbe(ask: () => Promise<Response>): () => Promise<boolean> {
  let refusals = 0
  return async () => {
    const isUp = await ask().then(
      (response) => response.ok,
      () => false,
    )
    refusals = isUp ? refusals + 1 : 0
    return refusals < REFUSALS
  }
}
