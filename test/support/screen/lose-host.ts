import type { Page, WebSocketRoute } from 'playwright-core'

/** Loads the page anew and then lets its host be gone, as after the end of its process: no socket, no answer. */
export async function loseHost(page: Page): Promise<void> {
  const open: WebSocketRoute[] = []
  let isGone = false
  await page.route('**/*', (route) => (isGone ? route.abort() : route.continue()))
  await page.routeWebSocket(
    () => true,
    (socket) => {
      if (isGone) {
        void socket.close()
        return
      }
      socket.connectToServer()
      open.push(socket)
    },
  )
  await page.evaluate(() => {
    location.hash = '#home'
  })
  await page.reload()
  await page.getByTestId('phase').waitFor()
  isGone = true
  await Promise.all(open.map((socket) => socket.close()))
  await page.locator('[data-code="link_lost"]').waitFor()
}
