/**
 * Who may speak to a node that listens on loopback. A page of another site reaches loopback ports of a visitor's machine, so
 * its Origin is refused; and a name that was rebound to 127.0.0.1 shows in Host, so that must be a loopback name too.
 */
const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

export interface OriginPolicy {
  /** Origins allowed beside those on loopback, exactly as browsers send them. */
  readonly allowedOrigins: readonly string[]
  /** False where the node listens for others on purpose: then Host is not checked. */
  readonly loopbackOnly: boolean
}

/** No Origin (not a browser), or one that may read answers. */
export function isOriginAllowed(origin: string | undefined, policy: OriginPolicy): boolean {
  if (origin === undefined) {
    return true
  }
  return policy.allowedOrigins.includes(origin) || isLoopbackOrigin(origin)
}

export function isHostAllowed(host: string | undefined, policy: OriginPolicy): boolean {
  if (!policy.loopbackOnly) {
    return true
  }
  return host !== undefined && isLoopbackName(host.replace(/:\d{1,5}$/, ''))
}

export function isLoopbackName(name: string): boolean {
  return LOOPBACK_NAMES.has(name.toLowerCase())
}

function isLoopbackOrigin(origin: string): boolean {
  const match = /^https?:\/\/([^/:]+|\[::1\])(:\d{1,5})?$/.exec(origin)
  return match !== null && isLoopbackName(match[1] ?? '')
}
