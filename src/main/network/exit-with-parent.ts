/** The child's half of "no orphan": stdin is a pipe from the parent; its end means that the parent is gone. */
export function onParentGone(stop: () => void): void {
  process.stdin.resume()
  process.stdin.once('end', stop)
  process.stdin.once('error', stop)
}
